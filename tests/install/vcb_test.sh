#!/bin/sh
# The launcher ./vcb in a world of stand-ins: a copy of it in a folder of its own, and a PATH that holds nothing but
# the base tools, an apt-get that writes down what it was asked, a dpkg that knows what apt-get "installed", and a
# meson and a ninja that make a vcbench which prints its arguments. Nothing outside of that folder is touched.
#
#   vcb_test.sh SOURCE_ROOT
set -u

source_root=$1
world=$(mktemp -d) || exit 3
trap 'rm -rf "$world"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
bin=$world/bin tree=$world/tree out=$world/out err=$world/err
failures=0
status=0

# --- What a claim is checked with -------------------------------------------------------------------------------

# check CLAIM CONDITION...: the condition is a command; what the launcher said is shown where it fails.
check() {
    claim=$1
    shift
    if "$@"; then
        echo "ok: $claim"
    else
        echo "FAILED: $claim (status $status)"
        sed 's/^/    out| /' "$out"
        sed 's/^/    err| /' "$err"
        failures=$((failures + 1))
    fi
}

# ended STATUS FILE TEXT...: the launcher ended so, and each of the texts is in the file.
ended() {
    [ "$status" -eq "$1" ] || return 1
    in_file=$2
    shift 2
    for text; do
        grep -qF -e "$text" "$in_file" || return 1
    done
}

# lacks FILE TEXT
lacks() {
    ! grep -qF -e "$2" "$1"
}

same() {
    [ "$1" = "$2" ]
}

# --- The world --------------------------------------------------------------------------------------------------

# stand_in NAME: its script is on stdin.
stand_in() {
    rm -f "$bin/$1"
    {
        echo "#!$bin/sh"
        cat
    } >"$bin/$1"
    chmod +x "$bin/$1"
}

fresh() {
    rm -rf "$bin" "$tree"
    mkdir -p "$bin" "$tree/data" "$world/elsewhere"
    cp "$source_root/vcb" "$tree/"
    cp "$source_root/data/packages.txt" "$source_root/data/install-packages.sh" "$tree/data/"
    for tool in sh awk cat chmod cp cut dirname echo env find flock grep ls mkdir mktemp readlink rm sed tail touch tr true; do
        real=$(PATH=/usr/bin:/bin command -v "$tool") && [ -x "/usr/bin/$tool" ] && real=/usr/bin/$tool
        [ -x "$real" ] && ln -s "$real" "$bin/$tool"
    done
    echo libc6-dev >"$world/installed"
    : >"$world/asked"
    : >"$world/apt-lacks" # packages that apt does not know until it is updated
    stand_in id <<END
echo 0
END
    stand_in dpkg-query <<END
sed 's/^/installed /' "$world/installed"
echo "config-files shellcheck"
END
    stand_in dpkg <<END
true
END
    stand_in apt-cache <<END
! grep -qxF -e "\$2" "$world/apt-lacks"
END
    stand_in apt-get <<END
echo "apt-get \$*" >>"$world/asked"
case " \$* " in
*" update "*) : >"$world/apt-lacks" ;;
*" install "*)
    [ ! -e "$world/apt-fails" ] || { echo "E: the disk is full"; exit 100; }
    cat "$world/policy-rc.d" >"$world/policy-seen"
    for word; do case \$word in -* | *=* | install) ;; *) echo "\$word" >>"$world/installed" ;; esac; done
    ;;
esac
END
    stand_in meson <<END
echo "meson \$*" >>"$world/asked"
case \$1 in
setup)
    for directory; do case \$directory in -* | setup | "$tree") ;; *) break ;; esac; done
    mkdir -p "\$directory/meson-private" && touch "\$directory/build.ninja"
    ;;
test) cp "$world/testlog.json" "\$3/meson-logs/" ; exit "\$(cat "$world/meson-test-status")" ;;
esac
END
    stand_in ninja <<END
case " \$* " in
*" -n "*) [ ! -e "\$2/harness/cli/vcbench" ] || echo "ninja: no work to do."; exit 0 ;;
esac
echo "ninja \$*" >>"$world/asked"
[ ! -e "$world/ninja-fails" ] || { echo "peer.c:1: error: expected ';'"; exit 1; }
mkdir -p "\$2/harness/cli" "\$2/meson-logs"
printf '%s\n' '#!$bin/sh' 'echo "in \$PWD"' 'for word; do echo "word: \$word"; done' 'exit 7' >"\$2/harness/cli/vcbench"
chmod +x "\$2/harness/cli/vcbench"
END
    rm -f "$world/apt-fails" "$world/ninja-fails" "$world/policy-rc.d" "$world/policy-seen"
    : >"$world/testlog.json"
    echo 0 >"$world/meson-test-status"
}

# vcb ARG...: not on a terminal, in the folder $world/elsewhere, by the path $vcb.
vcb=$tree/vcb
vcb() {
    (
        cd "$world/elsewhere" || exit 99
        unset CI VCBENCH_CONTROL_FD
        [ -z "${ci:-}" ] || export CI="$ci"
        PATH=$bin POLICY_RC_D=$world/policy-rc.d "$vcb" "$@" </dev/null >"$out" 2>"$err"
    )
    status=$?
}

# vcb_on_terminal ANSWER ARG...: on a terminal, where a person types ANSWER.
vcb_on_terminal() {
    answer=$1
    shift
    (
        unset CI
        cd "$world/elsewhere" || exit 99
        echo "$answer" | PATH=$bin POLICY_RC_D=$world/policy-rc.d "$script" -qec "$vcb $*" /dev/null >"$out" 2>"$err"
    )
    status=$?
}

# --- Claims -----------------------------------------------------------------------------------------------------

fresh
vcb run a.yaml
check "without a terminal and without --yes it installs nothing and ends with 3" ended 3 "$err" "nothing was installed"
check "it says what is missing and why" ended 3 "$err" "libfyaml-dev" "YAML scenarios" "gnuplot-nox" "the graphs"
check "it says the command" ended 3 "$err" "apt-get install --no-install-recommends gcc meson"
check "what is there is not asked for" lacks "$err" "libc6-dev"
check "what only the tests need is not asked for by run" lacks "$err" "libcunit1-dev"
check "apt-get was never called" same "$(cat "$world/asked")" ""
vcb --no-install --yes run a.yaml
check "--no-install wins over --yes" ended 3 "$err" "nothing was installed"
ci=true
vcb run --no-install a.yaml
check "--no-install wins over CI, wherever it stands" ended 3 "$err" "nothing was installed"
ci=
vcb test --no-install
check "test asks for the tests' packages too" ended 3 "$err" "libcunit1-dev" "shellcheck"
vcb validate a.yaml
check "validate needs only what the build needs" lacks "$err" "gnuplot"
vcb --help
check "--help works before anything is installed" ended 0 "$out" "usage: ./vcb"

fresh
vcb run --out "my results" a.yaml --yes
check "--yes installs, builds, and passes the rest on word for word, with vcbench's exit status" \
    ended 7 "$out" "word: run" "word: --out" "word: my results" "word: a.yaml" "in $world/elsewhere"
check "--yes itself is not passed on" lacks "$out" "word: --yes"
check "recommended packages are left out" ended 7 "$world/asked" "--no-install-recommends install"
check "lists that know every package are not fetched again" lacks "$world/asked" "update"
check "services are kept from starting while it installs" ended 7 "$world/policy-seen" "coturn.service" "exit 101"
check "and may start again afterwards" test ! -e "$world/policy-rc.d"
: >"$world/asked"
vcb run a.yaml
check "a second start neither asks, nor installs, nor builds" same "$status $(cat "$world/asked")" "7 "
check "and says nothing of its own" same "$(cat "$err")" ""
ln -sf "$tree/vcb" "$world/link"
vcb=$world/link
vcb a.yaml
check "it works through a symbolic link" ended 7 "$out" "word: a.yaml"
vcb=$tree/vcb
touch -d '1 minute' "$tree/data/packages.txt"
grep -v '^gnuplot-nox$' "$world/installed" >"$world/fewer"
cp "$world/fewer" "$world/installed"
vcb run a.yaml
check "a package that went away is noticed" ended 3 "$err" "gnuplot-nox"

fresh
ci=true
echo pkgconf >"$world/apt-lacks"
vcb doctor
ci=
check "with CI=true it installs; an alternative is taken where apt lacks the first" ended 7 "$world/asked" " pkg-config "
check "not the one that it lacks" lacks "$world/asked" " pkgconf "

fresh
echo libfyaml-dev >"$world/apt-lacks"
vcb --yes doctor
check "apt's lists are fetched where they lack a package" ended 7 "$world/asked" "apt-get -q -y -o DPkg::Lock::Timeout=120 update"

fresh
: >"$world/apt-fails"
vcb --yes run a.yaml
check "a failed installation shows apt's last words and the log" ended 3 "$err" "E: the disk is full" "build/vcb-install.log"
rm "$world/apt-fails"
vcb --yes run a.yaml
check "the next start does it all again" ended 7 "$out" "word: a.yaml"

fresh
: >"$world/ninja-fails"
vcb --yes run a.yaml
check "a failed build shows its last lines and the log" ended 4 "$err" "peer.c:1: error: expected ';'" "build/vcb-build.log"

fresh
mkdir -p "$tree/build/meson-private"
vcb --yes run a.yaml
check "a configuration that was interrupted is made again" ended 7 "$world/asked" "meson setup"

fresh
rm "$bin/apt-get" "$bin/apt-cache" "$bin/dpkg-query" "$bin/dpkg"
vcb --yes run a.yaml
check "without apt it lists what to install, by upstream names" ended 3 "$err" "by the means of this system" \
    "libfyaml " "GLib 2.68 or newer" "coturn"
check "what it cannot see there it does not claim to be missing" lacks "$err" "gst-libav"
stand_in pkg-config <<END
true
END
for name in cc gnuplot turnserver; do ln -s "$bin/true" "$bin/$name"; done
vcb run a.yaml
check "without apt, and with all that can be seen in place, it goes on" ended 7 "$out" "word: a.yaml"

fresh
cat >"$world/testlog.json" <<'END'
{"name": "vcbench:unit / a", "stdout": "says \"result\": \"FAIL\" in its text\n", "result": "OK", "starttime": 1.0}
{"name": "vcbench:call / b", "stdout": "looking\nskipped: \"lo\" is down: ip link set lo up\n", "result": "SKIP", "starttime": 1.0}
END
vcb --yes test --fast --suite unit
check "test gives its arguments to meson test" ended 0 "$world/asked" "--print-errorlogs --suite unit"
check "test --fast leaves the sanitizers out" lacks "$world/asked" "build-asan"
check "test says why a test was skipped" ended 0 "$out" 'skipped: vcbench:call / b: "lo" is down: ip link set lo up'
check "the last line counts" same "$(tail -n 1 "$out")" "1 passed, 0 failed, 1 skipped"
echo '{"name": "vcbench:unit / c", "stdout": "", "result": "TIMEOUT"}' >>"$world/testlog.json"
echo 1 >"$world/meson-test-status"
vcb --yes test
check "both builds are summed, a timeout is a failure, and the status says so" \
    same "$status: $(tail -n 1 "$out")" "1: 2 passed, 2 failed, 2 skipped"
check "the second build has the sanitizers" ended 1 "$world/asked" "-Db_sanitize=address,undefined $tree/build-asan"
echo '{"name": "vcbench:unit / a", "stdout": "", "result": "OK"}' >"$world/testlog.json"
echo 0 >"$world/meson-test-status"
vcb test
check "nothing skipped, nothing said of it" same "$status: $(tail -n 1 "$out")" "0: 2 passed, 0 failed"

if script=$(command -v script); then
    fresh
    vcb_on_terminal n run a.yaml
    check "on a terminal it asks, and takes no for an answer" ended 3 "$out" "Install them now" "nothing was installed"
    check "no means no" same "$(cat "$world/asked")" ""
    vcb_on_terminal y run a.yaml
    check "and yes for one" ended 7 "$out" "word: a.yaml"
else
    echo "skipped: the question on a terminal: there is no script(1) (package bsdutils)"
fi

# --- The list and the pages agree -------------------------------------------------------------------------------

: >"$out"
: >"$err"
undocumented=$(awk -F ' *[|] *' '!/^#/ && NF == 5 { n = split($1, a, "/"); print a[1] }' "$source_root/data/packages.txt" |
    while read -r package; do grep -qF "\`$package\`" "$source_root/docs/dependencies.md" 2>>"$err" || echo "$package"; done)
check "docs/dependencies.md names every package of the list" same "" "$undocumented"

[ "$failures" -eq 0 ] || echo "$failures claims failed"
[ "$failures" -eq 0 ]
