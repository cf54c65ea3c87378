#!/bin/bash
# follow_nightly.sh below an overlay of this host, of which nothing changes.
#
#   follow_nightly_test.sh SOURCE DIR      needs SOURCE/build/release/pgassay; as root
set -euo pipefail
source=$1 dir=$(readlink -m "$2")
[[ -x $source/build/release/pgassay ]] || {
  echo "there is no $source/build/release/pgassay"
  exit 77
}
((EUID == 0)) || {
  echo "installing takes root"
  exit 77
}
if [[ ${PGASSAY_UNSHARED:-} != yes ]]; then
  mkdir -p "$dir"
  PGASSAY_UNSHARED=yes exec unshare --mount --pid --fork --kill-child -- "$0" "$@"
fi
mount --make-rprivate /
source "$(dirname "$0")/overlay.sh"
overlay_of_host "$dir"
mount_the_rest
[[ -e $root$source/CMakeLists.txt ]] || { # another file system
  mkdir -p "$root$source"
  mount --bind "$source" "$root$source"
}
rm -rf "$root"/etc/cron.d/pgassay "$root"/var/backups/pgassay
inside env -i --chdir="$source" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
  tests/package/follow_nightly.sh
