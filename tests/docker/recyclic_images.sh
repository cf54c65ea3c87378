#!/bin/bash
# Stand-ins for the images of examples/recyclic, under the names that it has for them: no registry can be reached where tests
# run. Each is the tests' postgres:MAJOR, for its sh and psql, with this host's Redis and a few lines of shell: an api that adds
# a row for each request, a frontend, a bot. The example's postgres:15 is the tests' own, too, whatever its release is. Only for
# an engine of the tests' own.
#
#   recyclic_images.sh
set -euo pipefail
# shellcheck source=scripts/postgres_major.sh
source "$(dirname "$(readlink -f "$0")")/../../scripts/postgres_major.sh"
server=postgres:$(postgres_major)
docker image inspect postgres:15 > /dev/null 2>&1 || docker tag "$server" postgres:15
# Made anew when what it is made by changes.
tag=pgassay-recyclic:$(cat "$0" /usr/bin/redis-check-rdb <(docker image inspect -f '{{.Id}}' "$server") | sha256sum | cut -c 1-12)
root=$(mktemp -d)
container=
trap 'rm -rf "$root"; [[ -z $container ]] || docker rm -fv "$container" > /dev/null' EXIT
umask 022
chmod 755 "$root"

make_root() {
  mkdir -p "$root"/{data,etc,run,usr/bin,usr/local/bin,www}
  printf 'passwd: files\ngroup: files\nhosts: files dns\n' > "$root/etc/nsswitch.conf"
  # One program, told apart by its name.
  cp /usr/bin/redis-check-rdb "$root/usr/bin/redis-server"
  cp /usr/bin/redis-cli "$root/usr/bin/redis-cli"
  ldd /usr/bin/redis-check-rdb /usr/bin/redis-cli | grep -oE '/[^ ]+\.so[^ ]*' | sort -u | while read -r library; do
    case $library in /lib*) target=/usr$library ;; *) target=$library ;; esac
    mkdir -p "$root${target%/*}"
    cp -L "$library" "$root$target"
  done
  echo 'the frontend' > "$root/www/index.html"
  for program in entrypoint redis-entrypoint api api-request alembic bot frontend; do
    "$program" | sed 's/^    //' | install -m 755 /dev/stdin "$root/usr/local/bin/$program"
  done
}

# As uvicorn does, it ends at once when it is told to.
entrypoint() {
  cat << 'END'
    #!/bin/sh
    trap 'exit 0' TERM
    "$@" &
    wait $!
END
}
# As the official image's does.
redis-entrypoint() {
  cat << 'END'
    #!/bin/sh
    set -eu
    chown -R 999:999 /data
    exec /usr/bin/setpriv --reuid=999 --regid=999 --clear-groups "$@" --protected-mode no
END
}
alembic() {
  cat << 'END'
    #!/bin/sh
    exec psql -qX -v ON_ERROR_STOP=1 -c 'CREATE TABLE IF NOT EXISTS deposits (id bigserial PRIMARY KEY, note text)' "$DATABASE_URL"
END
}
api() {
  cat << 'END'
    #!/bin/sh
    until alembic upgrade head; do sleep 0.5; done
    exec nc -ll -p 8000 -e api-request
END
}
# /api/add?NOTE: 200 when the row is committed, and not before.
api-request() {
  cat << 'END'
    #!/bin/sh
    read -r method target version
    while read -r line && [ "${#line}" -gt 1 ]; do :; done
    status='200 OK'
    case $target in
      /health | /api/health) body=ok ;;
      /api/add\?*)
        body=$(psql -qAtX -v ON_ERROR_STOP=1 -v note="${target#*\?}" "$DATABASE_URL" 2>&1 << 'SQL'
    INSERT INTO deposits (note) VALUES (:'note') RETURNING id;
    SQL
        ) || status='500 Internal Server Error' ;;
      *) status='404 Not Found' body=none ;;
    esac
    printf 'HTTP/1.1 %s\r\nContent-Length: %s\r\nConnection: close\r\n\r\n%s' "$status" "${#body}" "$body"
END
}
frontend() {
  cat << 'END'
    #!/bin/sh
    exec httpd -f -p 80 -h /www
END
}
bot() {
  cat << 'END'
    #!/bin/sh
    : > /run/bot.alive
    exec sleep 100000
END
}

image() { # NAME CHANGE…
  local name=$1 changes=()
  shift
  for change in "$@"; do changes+=(--change "$change"); done
  docker commit "${changes[@]}" "$container" "$name" > /dev/null
}

docker image inspect "$tag" > /dev/null 2>&1 || {
  make_root
  container=$(docker create "$server")
  tar -C "$root" --numeric-owner -c . | docker cp --archive - "$container:/"
  for program in api frontend bot; do
    image "recyclic/$program:1.4.0" 'ENTRYPOINT ["entrypoint"]' "CMD [\"$program\"]"
  done
  image redis:7 'ENTRYPOINT ["redis-entrypoint"]' 'CMD ["redis-server"]' 'WORKDIR /data' 'VOLUME /data'
  docker tag redis:7 redis:latest
  docker tag redis:7 "$tag"
}
