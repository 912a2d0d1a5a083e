#!/bin/sh
# The README's two commands on a bare Debian 12: nothing there but what debootstrap's minbase has, git and certificates.
#
#   tests/install/bare-debian.sh [SOURCE_ROOT]      as root; takes about 3 GB in $TMPDIR (/var/tmp) and a package source
#
#   debootstrap -> a clone of HEAD -> chroot: ./vcb run scenarios/lan.yaml --yes    exit 0, report.html is there
#                                             ./vcb test --yes                      exit 0, the last line counts
#
# The mirror, its key and any proxy are this machine's own apt settings; MIRROR=URL takes another. KEEP=1 leaves the root
# file system for a look. All mounts and processes live in namespaces of their own, which the kernel takes down
# however this script ends.
set -u

suite=bookworm
source_root=$(readlink -f -- "${1:-$(dirname -- "$0")/../..}")

skip() {
    echo "skipped: $*"
    exit 77
}

fail() {
    echo "FAILED: $*"
    exit 1
}

[ "$(id -u)" -eq 0 ] || skip "only root can make a root file system: run it by sudo"
command -v debootstrap >/dev/null || skip "no debootstrap: apt-get install debootstrap"

if [ "${VCB_IN_NAMESPACE:-}" != yes ]; then
    unshare --mount --pid --fork true 2>/dev/null || skip "no new mount and process namespace: in a container, --privileged"
    root=$(mktemp -d -p "${TMPDIR:-/var/tmp}" vcb-bare-XXXXXX) || exit 3
    chmod 755 "$root"
    if [ -n "${KEEP:-}" ]; then
        trap 'echo "kept: $root"' EXIT
    else
        trap 'rm -rf --one-file-system "$root"' EXIT
    fi
    trap 'kill "$inside" 2>/dev/null; wait "$inside"; exit 143' INT TERM HUP
    VCB_IN_NAMESPACE=yes BARE_ROOT=$root unshare --mount --pid --fork --kill-child "$0" "$source_root" &
    inside=$!
    wait "$inside"
    exit
fi

root=$BARE_ROOT
if [ -z "${MIRROR:-}" ]; then
    # shellcheck disable=SC2016 # apt's variables
    MIRROR=$(apt-get indextargets --format '$(SITE) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
        awk -v suite="$suite" '$2 == suite && $3 == "main" { print $1; exit }')
    [ -n "$MIRROR" ] || skip "this machine's apt has no source of Debian $suite: give MIRROR=URL"
    host_sources=yes
fi
proxy=$(apt-config shell proxy Acquire::http::Proxy)
eval "${proxy:-proxy=}"
[ -z "$proxy" ] || export http_proxy="$proxy"

echo "== debootstrap"
debootstrap --variant=minbase --include=git,ca-certificates "$suite" "$root" "$MIRROR" >"$root.log" 2>&1 || {
    tail -n 20 "$root.log"
    rm -f "$root.log"
    fail "debootstrap"
}
rm -f "$root.log"

# This machine's package sources, settings and name resolution.
if [ "${host_sources:-no}" = yes ]; then
    rm -f "$root/etc/apt/sources.list"
    cp -a /etc/apt/. "$root/etc/apt/"
    [ ! -d /usr/share/keyrings ] || cp -a /usr/share/keyrings/. "$root/usr/share/keyrings/"
    find "$root/etc/apt/preferences.d" "$root/etc/apt/apt.conf.d" -name '*docker*' -delete
fi
cp -L /etc/resolv.conf /etc/hosts "$root/etc/"

mount -t proc proc "$root/proc"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
mount -t tmpfs tmpfs "$root/dev/shm"

git -c safe.directory='*' clone -q --no-local --depth 1 "file://$source_root" "$root/src/vcbench" || fail "git clone"
commands=$(sed -n 's/^\(\.\/vcb [^#]*\).*/\1/p' "$root/src/vcbench/README.md" | head -n 2)
[ "$(echo "$commands" | wc -l)" -eq 2 ] || fail "the README does not name two commands"

inside() {
    env -i HOME=/root LANG=C.UTF-8 TERM=dumb PATH=/usr/sbin:/usr/bin:/sbin:/bin http_proxy="${http_proxy:-}" \
        chroot "$root" sh -c "cd /src/vcbench && $1" </dev/null
}

echo "$commands" | while read -r command; do
    echo "== $command --yes"
    begun=$(date +%s)
    inside "$command --yes" >"$root/output" 2>&1
    status=$?
    cat "$root/output"
    echo "== status $status after $(($(date +%s) - begun)) s"
    [ "$status" -eq 0 ] || fail "$command --yes ended with status $status"
    case $command in
    *" run "*)
        [ -s "$root/src/vcbench/results/lan/latest/report.html" ] || fail "there is no results/lan/latest/report.html"
        ;;
    *" test"*)
        tail -n 1 "$root/output" | grep -qE '^[0-9]+ passed, 0 failed(, [0-9]+ skipped)?$' || fail "the last line does not count"
        ;;
    esac
done || exit 1

[ ! -e "$root/usr/sbin/policy-rc.d" ] || fail "/usr/sbin/policy-rc.d was left behind"
left=$(cat "$root"/proc/[0-9]*/comm 2>/dev/null | grep -E '^(turnserver|vcbench.*)$')
[ -z "$left" ] || fail "still running: $left"
second=$(inside "begun=\$(date +%s%N) && ./vcb --version >/dev/null && echo \$(((\$(date +%s%N) - begun) / 1000000))") ||
    fail "./vcb --version"
echo "== a start that finds all in place: $second ms"
echo "passed"
