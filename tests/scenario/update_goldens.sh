#!/bin/sh
# Write anew what the tests compare with: update_goldens.sh BAD_TEST GENERATED_TEST SOURCE_FOLDER
set -eu
"$1" "$3/tests/scenario/bad" --update
"$2" "$3" --update
