#!/bin/bash
# Installs the package below a root directory, runs a night with it, upgrades, removes and purges it, and looks at what each
# leaves behind.
#
#   try_package.sh host PACKAGE.deb DIR     the root is this host's, seen through an overlay: nothing of it changes
#   try_package.sh bare PACKAGE.deb DIR     the root is a bare Debian of this host's release, made by mmdebstrap; needs the network
#
# DIR is where the root is made. Everything happens in mount and process namespaces of its own; as root.
set -euo pipefail
kind=$1 package=$(readlink -f "$2") dir=$(readlink -m "$3")
if [[ ${PGASSAY_UNSHARED:-} != yes ]]; then
  PGASSAY_UNSHARED=yes exec unshare --mount --pid --fork --kill-child -- "$0" "$@"
fi
mount --make-rprivate /
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin
root=$dir/root
source "$(dirname "$0")/overlay.sh"
source "$(dirname "$0")/../../scripts/postgres_major.sh"
major=$(postgres_major)
as() { inside setpriv --reuid "$1" --regid "$1" --init-groups env -i PATH="$PATH" HOME=/tmp LC_ALL=C.UTF-8 "${@:2}"; }

mkdir -p "$dir"
case $kind in
  host)
    overlay_of_host "$dir"
    ;;
  bare)
    rm -rf "$root"
    codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
    mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' "Codename: $codename" | sed -n 1p)
    step "a bare $codename"
    mmdebstrap --quiet --variant=apt --include="postgresql-$major" \
      --essential-hook='mkdir -p "$1/etc/postgresql-common" && echo "create_main_cluster = false" > "$1/etc/postgresql-common/createcluster.conf"' \
      "$codename" "$root" "$mirror"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    inside apt-get -qq update
    ;;
esac
mount_the_rest
cp "$package" "$root/tmp/pgassay.deb"

install_it() {
  case $kind in
    host) inside dpkg --force-unsafe-io --force-confold -i /tmp/pgassay.deb ;;
    bare) inside apt-get install -qq --reinstall --no-install-recommends -y -o Dpkg::Options::=--force-confold /tmp/pgassay.deb ;;
  esac > "$root/tmp/dpkg.log" 2>&1 || {
    tail -n 20 "$root/tmp/dpkg.log" >&2
    fail "the package can't be installed"
  }
}

step install
install_it
is /usr/bin/pgassay root:root:755
is /var/lib/pgassay pgassay:pgassay:700
is /etc/pgassay root:pgassay:750
is /etc/pgassay/pgassay.toml root:pgassay:640
for file in /lib/systemd/system/pgassay-nightly@.{service,timer} /usr/share/man/man1/pgassay{,-nightly}.1.gz \
  /usr/share/man/man5/pgassay.toml.5.gz /usr/share/bash-completion/completions/pgassay \
  /usr/share/zsh/vendor-completions/_pgassay /usr/share/doc/pgassay/{copyright,changelog.gz,examples/pgassay.cron}; do
  [[ -e $root$file ]] || fail "$file is missing"
done
! grep -rl /usr/local "$root"/lib/systemd/system/pgassay-nightly@.* || fail "a unit names /usr/local"
[[ $(inside getent passwd pgassay | cut -d: -f6,7) == /var/lib/pgassay:/usr/sbin/nologin ]] || fail "the user pgassay"

step "a night"
bin=/usr/lib/postgresql/$major/bin
install -d -o "$(inside id -u postgres)" -g "$(inside id -g postgres)" "$root/run/postgresql"
as postgres $bin/initdb -D /tmp/server -A peer --no-sync > /dev/null
as postgres $bin/pg_ctl -D /tmp/server -w -l /tmp/server.log -o "-c listen_addresses='' -c fsync=off" start > /dev/null
as postgres $bin/createdb app
as postgres $bin/psql -qX -d app -c "CREATE TABLE t AS SELECT generate_series(1, 1000) AS i; CREATE ROLE pgassay LOGIN IN ROLE pg_read_all_data"
cat >> "$root/etc/pgassay/pgassay.toml" <<- END
	[source.app]
	dbname = "host=/run/postgresql dbname=app"
	role_passwords = false
	END
as pgassay pgassay nightly app --quiet || fail "the night"
as pgassay pgassay status || fail "status"
backup=$(cd "$root" && echo var/lib/pgassay/repository/app/app/*Z)

step "an upgrade leaves the configuration alone"
install_it
is /etc/pgassay/pgassay.toml root:pgassay:640
grep -q '^\[source.app\]' "$root/etc/pgassay/pgassay.toml" || fail "the configuration was replaced"
as pgassay pgassay verify latest --quiet || fail "verify after the upgrade"

step remove
inside dpkg --remove pgassay > /dev/null
[[ ! -e $root/usr/bin/pgassay && ! -e $root/lib/systemd/system/pgassay-nightly@.service ]] || fail "the program is still there"
[[ -e $root/etc/pgassay/pgassay.toml ]] || fail "remove took the configuration"

step "purge leaves every backup"
inside dpkg --purge pgassay > "$root/tmp/purge.log"
[[ ! -e $root/etc/pgassay ]] || fail "purge left /etc/pgassay"
(cd "$root/$backup" && sha256sum --quiet -c SHA256SUMS) || fail "the backup is damaged"
grep -q "is left as it is" "$root/tmp/purge.log" || fail "purge did not say so"
is /var/lib/pgassay pgassay:pgassay:700
left=$(find "$root"/{etc,usr,lib,var} -xdev -iname '*pgassay*' ! -path "$root/var/lib/pgassay*" ! -path "*/build/*" -newer "$root/tmp/pgassay.deb")
[[ -z $left ]] || fail "purge left $left"

step "purge takes an empty directory"
rm -rf "$root"/var/lib/pgassay
install_it
inside dpkg --purge pgassay > /dev/null
[[ ! -e $root/var/lib/pgassay ]] || fail "the empty directory is left"
echo "all well"
