#!/bin/sh
# `vcbench validate` as a person meets it: what goes where, and the exit status. validate_test.sh PROGRAM SOURCE_FOLDER
# shellcheck disable=SC2016 # the backquotes are part of the messages
set -u
program=$1 source=$2 failures=0
out=$(mktemp) err=$(mktemp)
trap 'rm -f "$out" "$err"' EXIT

# run STATUS ARGUMENT...
run() {
    expected=$1
    shift
    "$program" validate "$@" >"$out" 2>"$err"
    status=$?
    if [ "$status" -ne "$expected" ]; then
        echo "validate $*: status $status, expected $expected"
        cat "$out" "$err"
        failures=$((failures + 1))
    fi
}

# has FILE PATTERN
has() {
    grep -q -- "$2" "$1" || { echo "no \"$2\" in:"; cat "$1"; failures=$((failures + 1)); }
}

# empty FILE
empty() {
    [ ! -s "$1" ] || { echo "unexpected:"; cat "$1"; failures=$((failures + 1)); }
}

run 0 "$source"/scenarios/*.yaml
empty "$err"
has "$out" 'lan.yaml: ok: lan, 1 variant, 20 calls, 7 expectations'
[ "$(wc -l <"$out")" -eq "$(find "$source/scenarios" -maxdepth 1 -name '*.yaml' | wc -l)" ] || { echo "not one line a file"; failures=$((failures + 1)); }

run 0 --show --set duration=3s "$source/scenarios/lan.yaml"
has "$out" '^duration: 3s$'

run 0 --schema
cmp -s "$out" "$source/scenarios/schema.json" || { echo "--schema is not schema.json"; failures=$((failures + 1)); }

run 2 "$source/tests/scenario/bad/unknown-key.yaml" "$source/scenarios/chat.yaml"
has "$err" 'unknown-key.yaml:2:1: `duraton` is no key of a scenario; did you mean `duration`?'
has "$out" 'chat.yaml: ok'

run 2 --set duratoin=5s "$source/scenarios/chat.yaml"
has "$err" '^--set duratoin=5s: there is no setting `duratoin`; did you mean `duration`'

run 2
has "$err" 'no file is named'
run 2 --nonsense
has "$err" 'Unknown option --nonsense'
run 2 "$source/scenarios"
has "$err" 'is a directory'
run 2 /nonexistent.yaml
has "$err" 'No such file'
empty "$out"
run 0 --help
has "$out" 'Exit status'

[ "$failures" -eq 0 ]
