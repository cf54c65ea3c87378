#!/bin/bash
# follow_nightly.sh below an overlay of this host, of which nothing changes.
#
#   follow_nightly_test.sh SOURCE DIR      needs SOURCE/build/release/pgassay; as root
set -euo pipefail
source=$1
source "$(dirname "$0")/overlay.sh"
begin_below_an_overlay "$@"
rm -rf "$root"/etc/cron.d/pgassay "$root"/var/backups/pgassay
inside env -i --chdir="$source" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
  tests/package/follow_nightly.sh
