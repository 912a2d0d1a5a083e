#!/bin/sh
# Write anew what the tests compare with: update_goldens.sh BAD_TEST GENERATED_TEST PLAN_TEST SOURCE_FOLDER
set -eu
"$1" "$4/tests/scenario/bad" --update
"$2" "$4" --update
"$3" "$4/tests/scenario/plan" --update
