#!/bin/bash
# scripts/install below an overlay of this host: installs, once more over itself, and takes everything away but what is the
# administrator's.
#
#   try_install.sh SOURCE DIR      needs SOURCE/build/release/pgassay; as root
set -euo pipefail
source=$1
export LC_ALL=C.UTF-8 PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
source "$(dirname "$0")/overlay.sh"
begin_below_an_overlay "$@"
installed() { inside find /usr/local /etc/cron.d /etc/pgassay /var/lib/pgassay -iname '*pgassay*' 2> /dev/null | sort || true; }
inside env --chdir=/ "$source/scripts/install" --uninstall > /dev/null
before=$(installed)

step install
inside "$source/scripts/install" > "$root/tmp/said"
inside pgassay --version > /dev/null
[[ $(file -b "$root/usr/local/bin/pgassay") == *", stripped" ]] || fail "the program has its debug symbols yet"
is /var/lib/pgassay pgassay:pgassay:700
is /etc/pgassay root:pgassay:750
is /etc/pgassay/pgassay.toml root:pgassay:640
[[ -e $root/usr/local/lib/systemd/system/pgassay-nightly@.timer ]] || fail "there is no timer"
inside man -w pgassay-nightly > /dev/null || fail "there is no page of nightly"

step "install again: nothing else comes of it"
echo '# mine' >> "$root/etc/pgassay/pgassay.toml"
first=$(installed)
inside "$source/scripts/install" > /dev/null
[[ $(installed) == "$first" ]] || fail "a second installation differs"
[[ $(tail -n 1 "$root/etc/pgassay/pgassay.toml") == '# mine' ]] || fail "the configuration was replaced"

step uninstall
touch "$root/var/lib/pgassay/backup"
inside "$source/scripts/install" --uninstall > /dev/null
[[ -e $root/var/lib/pgassay/backup && -e $root/etc/pgassay/pgassay.toml ]] || fail "it took what is not its own"
left=$(comm -13 <(echo "$before") <(installed | grep -v -e '^/etc/pgassay' -e '^/var/lib/pgassay'))
[[ -z $left ]] || fail "left: $left"
echo "all well"
