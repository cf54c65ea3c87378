#!/bin/bash
# Compose v2 for the tests: Debian 12 has 1.29 alone, so it is Debian 13's package, by the same mirror and by apt's signatures.
# apt gets lists and a cache of its own for that: what this host's apt knows and has installed stays as it is.
#
#   compose_v2.sh DIR     leaves the plugin in DIR, for DOCKER_CONFIG=DIR; once is enough
set -euo pipefail
dir=$(readlink -m "$1")
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
mkdir -p "$work"/lists/partial "$work"/cache/archives/partial
# shellcheck source=/dev/null
codename=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
mirror=$(apt-get indextargets --format '$(SITE)' "Codename: $codename" | head -n 1)

give_up() {
  sed 's/^/  /' "$work/said" >&2
  echo "compose v2 can't be had for the tests: $1 (apt's words are above)" >&2
  echo "hint: a mirror with the suite $suite; or put a compose v2 at $plugin" >&2
  exit 1
}
apt() {
  apt-get -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists="$work/lists" \
    -o Dir::State::status=/dev/null -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root -o Acquire::Languages=none \
    -o Acquire::Retries=3 -o APT::Update::Error-Mode=any "$@" < /dev/null >> "$work/said" 2>&1
}
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" > "$work/sources.list"
: > "$work/said"
apt update || give_up "the suite $suite of ${mirror:-no mirror}"
(cd "$work" && apt download docker-compose) || give_up "the package docker-compose of $suite"
dpkg-deb -x "$work"/docker-compose_*.deb "$work/root"
cp "$work/root/usr/libexec/docker/cli-plugins/docker-compose" "$plugin.unfinished"
mv "$plugin.unfinished" "$plugin"
