#!/bin/sh
# The manual page, docs/cli.md and the completions name every option that the commands have, and the manual page is
# clean.      pages_test.sh VCBENCH SOURCE_ROOT
set -u

vcbench=$1
root=$2
failures=0

fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

for command in run validate report doctor bench; do
    options=$("$vcbench" "$command" --help | grep -oE -e '--[a-z]+(-[a-z]+)*' | sort -u)
    [ -n "$options" ] || fail "$command --help names no option"
    for option in $options; do
        grep -qE -e "Fl (h , Fl )?-${option#--}( |$)" "$root/data/vcbench.1" || fail "vcbench.1 lacks $option of $command"
        grep -qF -e "$option" "$root/docs/cli.md" || fail "docs/cli.md lacks $option of $command"
        for completion in vcbench.bash _vcbench; do
            grep -qE -e "$option([^a-z-]|$)" "$root/data/completions/$completion" || fail "$completion lacks $option of $command"
        done
    done
done

if command -v mandoc >/dev/null; then
    lint=$(mandoc -T lint -W warning "$root/data/vcbench.1" | grep -v 'outdated mandoc.db')
elif command -v groff >/dev/null; then
    lint=$(groff -ww -mdoc -T utf8 "$root/data/vcbench.1" 2>&1 >/dev/null)
else
    fail "neither groff (package groff-base) nor mandoc is here to check vcbench.1"
    lint=
fi
[ -z "$lint" ] || fail "vcbench.1: $lint"
[ "$failures" -eq 0 ] && echo "all agree"
