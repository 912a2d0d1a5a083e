#!/bin/sh
# Install packages with apt, as root, without a question and without starting their services. Run by ./vcb:
#
#   install-packages.sh gcc pkgconf/pkg-config ...      alternatives, best first: the first that apt knows is taken
#
# POLICY_RC_D names the file that forbids services to start, for the tests; /usr/sbin/policy-rc.d is what Debian reads.
set -u

export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l
policy=${POLICY_RC_D:-/usr/sbin/policy-rc.d}
updated=no

apt_get() {
    apt-get -q -y -o DPkg::Lock::Timeout=120 "$@" </dev/null
}

update() {
    updated=yes
    apt_get update
}

# Set $chosen to the names that apt knows, $unknown to the alternatives of which it knows none.
choose() {
    chosen='' unknown=''
    for alternatives; do
        name=$(echo "$alternatives" | tr / '\n' | while read -r each; do
            apt-cache show "$each" >/dev/null 2>&1 && echo "$each" && break
        done)
        chosen="$chosen $name"
        [ -n "$name" ] || unknown="$unknown $alternatives"
    done
}

# coturn's package starts a public server on port 3478, but only vcbench's own, on loopback, shall run. This file is
# how a machine says so; it denies nothing once this process is gone, should it ever be left behind.
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    cat >"$policy" <<END
#!/bin/sh
case " \$* " in *" coturn "* | *" coturn.service "*) [ -d /proc/$$ ] && exit 101 ;; esac
exit 0
END
    chmod 755 "$policy"
fi

# An installation that was interrupted is finished first: apt refuses to work before.
if [ -n "$(dpkg --audit)" ]; then
    dpkg --configure -a </dev/null
fi

choose "$@"
if [ -n "$unknown" ]; then
    update
    choose "$@"
fi
if [ -n "$unknown" ]; then
    echo "No package source of this machine has:$unknown (on Ubuntu they are in 'universe')"
    exit 1
fi
# shellcheck disable=SC2086 # a list of names
if ! apt_get --no-install-recommends install $chosen; then
    [ "$updated" = no ] || exit 1
    update && apt_get --no-install-recommends install $chosen || exit 1 # the lists were old
fi

# Nor shall it start with the machine. Whoever had coturn already keeps it as it was: it is not in the list then.
case " $chosen " in
*" coturn "*)
    if [ -d /run/systemd/system ]; then
        systemctl disable --quiet coturn.service
    elif command -v update-rc.d >/dev/null; then
        update-rc.d coturn disable
    fi
    ;;
esac
exit 0
