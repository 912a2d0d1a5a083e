#!/bin/sh
# Every shell script of the project passes shellcheck.      shellcheck_test.sh SOURCE_ROOT
set -u

command -v shellcheck >/dev/null || { echo "skipped: no shellcheck: apt-get install shellcheck"; exit 77; }
cd "$1" || exit 3
scripts=$(find . -path './build*' -prune -o -path './results' -prune -o -path ./.git -prune -o -type f \
    \( -name '*.sh' -o -name '*.bash' -o -name vcb -o -path ./.ci/run \) -print)
[ -n "$scripts" ] || { echo "FAILED: found no script"; exit 1; }
echo "$scripts"
status=0
for script in $scripts; do
    case $script in
    *completions/*.bash) shellcheck -s bash "$script" || status=1 ;;
    *) shellcheck "$script" || status=1 ;;
    esac
done
exit "$status"
