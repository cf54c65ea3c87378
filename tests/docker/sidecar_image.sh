#!/bin/bash
# An image like examples/sidecar/Dockerfile's, of postgres:MAJOR as the tests' engine has it and of this host's files: the
# program, its libraries, the user pgassay, and the example's files.
#
#   sidecar_image.sh PROGRAM EXAMPLE IMAGE
set -euo pipefail
# shellcheck source=scripts/postgres_major.sh
source "$(dirname "$(readlink -f "$0")")/../../scripts/postgres_major.sh"
program=$1 example=$2 image=$3
root=$(mktemp -d)
container=
trap 'rm -rf "$root"; [[ -z $container ]] || docker rm -fv "$container" > /dev/null' EXIT
umask 022
mkdir -p "$root"/usr/bin "$root"/usr/local/bin "$root"/etc/pgassay "$root"/var/lib/pgassay
cp "$program" "$root/usr/bin/pgassay"
strip "$root/usr/bin/pgassay"
cp /usr/bin/bwrap "$root/usr/bin/bwrap"
ldd "$program" /usr/bin/bwrap | grep -oE '/[^ ]+\.so[^ ]*' | while read -r library; do
  case $library in /lib*) target=/usr$library ;; *) target=$library ;; esac
  mkdir -p "$root${target%/*}"
  cp -L "$library" "$root$target"
done
# The package's postinst has adduser do this.
printf 'root:x:0:0:root:/root:/bin/sh\npostgres:x:999:999::/var/lib/postgresql:/bin/sh\npgassay:x:998:998::/var/lib/pgassay:/bin/sh\n' > "$root/etc/passwd"
printf 'root:x:0:\npostgres:x:999:\npgassay:x:998:\n' > "$root/etc/group"
install -m 644 "$example/pgassay.toml" "$root/etc/pgassay/pgassay.toml"
install -m 755 "$example/pgassay-sidecar" "$root/usr/local/bin/pgassay-sidecar"
chown 998:998 "$root/var/lib/pgassay"
chmod 700 "$root/var/lib/pgassay"
container=$(docker create "postgres:$(postgres_major)")
tar -C "$root" --numeric-owner -c . | docker cp --archive - "$container:/"
docker commit --change 'USER pgassay' --change 'VOLUME /var/lib/pgassay' --change 'ENTRYPOINT ["pgassay-sidecar"]' \
  --change 'CMD []' "$container" "$image" > /dev/null
