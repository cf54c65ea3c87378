#!/bin/bash
# Makes of what `cmake --install` puts below ROOT/usr what Debian's policy wants: units, configuration, compressed pages.
#
#   layout.sh ROOT VERSION MAINTAINER
set -euo pipefail
root=$1 version=$2 maintainer=$3
source=$(dirname "$(readlink -f "$0")")/../..
umask 022

for unit in "$source"/scripts/units/pgassay-nightly@.{service,timer}; do
  install -D -m 644 "$unit" "$root/lib/systemd/system/${unit##*/}"
  sed -i 's#/usr/local/#/usr/#g' "$root/lib/systemd/system/${unit##*/}"
done
install -D -m 644 "$source/scripts/debian/lintian-overrides" "$root/usr/share/lintian/overrides/pgassay"
install -D -m 640 "$source/scripts/units/pgassay.toml" "$root/etc/pgassay/pgassay.toml"

cd "$root/usr/share"
mkdir -p zsh/vendor-completions doc/pgassay/examples
mv zsh/site-functions/_pgassay zsh/vendor-completions/
rmdir zsh/site-functions
install -m 644 "$source/scripts/units/pgassay.cron" doc/pgassay/examples/
sed -i 's#/usr/local/bin:##' doc/pgassay/examples/pgassay.cron
find man -type f -exec gzip -9n {} +

cd doc/pgassay
rm LICENSE # Debian has the Apache License in /usr/share/common-licenses
mv CHANGELOG.md changelog
install -m 644 "$source/scripts/debian/copyright" copyright
cat > changelog.Debian << END
pgassay ($version) unstable; urgency=medium

  * See changelog.gz: this package is made by cpack from the sources.

 -- $maintainer  $(date -R -u -d "@${SOURCE_DATE_EPOCH:-$(stat -c %Y "$source/CHANGELOG.md")}")
END
gzip -9n changelog changelog.Debian
