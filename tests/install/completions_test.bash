#!/bin/bash
# The bash completion, asked as the shell asks it.      completions_test.bash SOURCE_ROOT
set -u
source_root=$1
folder=$(mktemp -d) || exit 3
trap 'rm -rf "$folder"' EXIT
failures=0

compopt() { :; } # has no meaning outside of a completion that readline asked for
# shellcheck source=/dev/null
source "$source_root/data/completions/vcbench.bash" || exit 1
mkdir "$folder/scenarios" && touch "$folder/lan.yaml" "$folder/notes.txt" && cd "$folder" || exit 3

# offers CLAIM EXPECTED WORD...: what is offered for the last of the words, sorted
offers() {
    local claim=$1 expected=$2 actual
    shift 2
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
    _vcbench
    actual=$(printf '%s\n' "${COMPREPLY[@]}" | sort | tr '\n' ' ')
    if [ "${actual% }" = "$expected" ]; then
        echo "ok: $claim"
    else
        echo "FAILED: $claim: offered '${actual% }', not '$expected'"
        failures=$((failures + 1))
    fi
}

offers "a command is completed" "doctor" vcbench d
offers "commands, scenarios and folders come first" "bench doctor lan.yaml report run scenarios validate" vcbench ""
offers "run takes scenarios and folders, no other files" "lan.yaml scenarios" vcbench run ""
offers "an option of run" "--repeat" vcbench run --re
offers "also where run was left out" "--repeat" vcbench lan.yaml --re
offers "validate has options of its own" "--help --schema --set --show" vcbench validate -
offers "formats of run" "github json text" vcbench run --format ""
offers "doctor knows no github" "json text" vcbench doctor --format ""
offers "bench takes a benchmark" "network signaling" vcbench bench ""
offers "report takes a folder" "scenarios" vcbench report ""
offers "a number is not guessed" "" vcbench run --seed ""
offers "the launcher has a command more" "test" ./vcb t
offers "and options of its own" "--yes" ./vcb run --y
[ "$failures" -eq 0 ]
