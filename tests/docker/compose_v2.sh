#!/bin/bash
# Compose v2 for the tests: Debian 12 has 1.29 alone, so it is Debian 13's package, by apt_of_suite.sh.
#
#   compose_v2.sh DIR     leaves the plugin in DIR, for DOCKER_CONFIG=DIR; once is enough
set -euo pipefail
dir=$(readlink -m "$1")
here=$(dirname "$(readlink -f "$0")")
plugin=$dir/cli-plugins/docker-compose
suite=trixie

mkdir -p "${plugin%/*}"
exec {lock}> "$dir/lock"
flock "$lock"
# podman reads it, too, and fails where there is none.
[[ -e $dir/config.json ]] || echo '{}' > "$dir/config.json"
[[ ! -x $plugin ]] || exit 0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
give_up() {
  sed 's/^/  /' "$work/said" >&2
  echo "compose v2 can't be had for the tests: $1 (apt's words are above)" >&2
  echo "hint: a mirror with the suite $suite; or put a compose v2 at $plugin" >&2
  exit 1
}
apt() { "$here/../fixtures/apt_of_suite.sh" "$work/apt" "$suite" "$@" >> "$work/said" 2>&1; }
: > "$work/said"
apt update || give_up "the suite $suite of this host's mirror"
(cd "$work" && apt download docker-compose) || give_up "the package docker-compose of $suite"
dpkg-deb -x "$work"/docker-compose_*.deb "$work/root"
cp "$work/root/usr/libexec/docker/cli-plugins/docker-compose" "$plugin.unfinished"
mv "$plugin.unfinished" "$plugin"
