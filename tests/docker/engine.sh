#!/bin/bash
# The container engines of the tests, apart from any that this host has: a dockerd of their own, and podman with a storage
# of its own, both below DIR, each with an image like postgres:MAJOR made from the host's files; and compose v2 (compose_v2.sh).
#
#   engine.sh start DIR     leaves DIR/environment: what to export for docker and podman to use them
#   engine.sh stop DIR      images stay for the next time
#
# As an ordinary user, who can't run dockerd: the docker that this user may use.
set -euo pipefail
action=$1 dir=$(readlink -m "$2")
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=scripts/postgres_major.sh
source "$here/../../scripts/postgres_major.sh"
major=$(postgres_major)
image_tar=$dir/postgres-$major.tar
# Several side by side, named 0, 1, …, have networks of different addresses.
pool=${dir##*/}
[[ $pool =~ ^[0-9]$ ]] || pool=0

image_changes=(
  --change "ENV PATH=/usr/local/bin:/usr/bin:/bin:/usr/lib/postgresql/$major/bin" --change "ENV PGDATA=/var/lib/postgresql/data"
  --change 'VOLUME /var/lib/postgresql/data' --change 'EXPOSE 5432'
  --change 'ENTRYPOINT ["docker-entrypoint.sh"]' --change 'CMD ["postgres"]'
)
# Made anew when what it is made by changes.
tag=$(cat "$here"/../fixtures/postgres_image/* "/usr/lib/postgresql/$major/bin/postgres" | sha256sum | cut -c 1-12)

import_into() { # PROGRAM
  "$1" image inspect "pgassay-test:$tag" > /dev/null 2>&1 && return
  [[ -e $dir/$tag ]] || {
    "$here/../fixtures/postgres_image/build.sh" "$major" "$image_tar"
    : > "$dir/$tag"
  }
  local said
  said=$("$1" import "${image_changes[@]}" "$image_tar" "pgassay-test:$tag" 2>&1) || {
    echo "$1 import: $said" >&2
    exit 1
  }
  if [[ $own == yes ]] || ! "$1" image inspect "postgres:$major" > /dev/null 2>&1; then
    "$1" tag "pgassay-test:$tag" "postgres:$major"
  fi
}

running() { [[ -s $dir/dockerd.pid && $(readlink "/proc/$(< "$dir/dockerd.pid")/exe") == */dockerd ]]; }

start_dockerd() {
  running || {
    rm -f "$dir/dockerd.pid" "$dir/docker.sock"
    # Nothing here has a network, so it needs none, and does not meddle with the host's.
    setsid dockerd --data-root "$dir/docker" --exec-root "$dir/exec" --pidfile "$dir/dockerd.pid" -H "$DOCKER_HOST" \
      --bridge none --default-address-pool "base=172.$((20 + pool)).0.0/16,size=24" --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false \
      < /dev/null > "$dir/dockerd.log" 2>&1 &
  }
  for ((i = 0; i < 300; ++i)); do
    docker version > /dev/null 2>&1 && return
    sleep 0.1
  done
  echo "dockerd did not start; its last lines:" >&2
  tail -n 20 "$dir/dockerd.log" >&2
  exit 1
}

write_podman_files() {
  cat > "$dir/containers.conf" <<- END
	[engine]
	cgroup_manager = "cgroupfs"
	events_logger = "file"
	runtime = "runc"
	[containers]
	default_ulimits = ["nofile=$(ulimit -Hn):$(ulimit -Hn)", "nproc=1000:1000"]
	END
  cat > "$dir/storage.conf" <<- END
	[storage]
	driver = "overlay"
	graphroot = "$dir/podman"
	runroot = "$dir/podman-run"
	END
}

start() {
  mkdir -p "$dir"
  own=no
  # A test that starts another engine has it already.
  [[ -x ${DOCKER_CONFIG-}/cli-plugins/docker-compose ]] || export DOCKER_CONFIG=$dir/docker-config
  "$here/compose_v2.sh" "$DOCKER_CONFIG"
  echo "DOCKER_CONFIG=$DOCKER_CONFIG" > "$dir/environment.unfinished"
  if ((EUID == 0)); then
    own=yes
    export DOCKER_HOST=unix://$dir/docker.sock
    export CONTAINERS_CONF=$dir/containers.conf CONTAINERS_STORAGE_CONF=$dir/storage.conf
    printf '%s\n' "DOCKER_HOST=$DOCKER_HOST" "CONTAINERS_CONF=$CONTAINERS_CONF" \
      "CONTAINERS_STORAGE_CONF=$CONTAINERS_STORAGE_CONF" >> "$dir/environment.unfinished"
    start_dockerd
    write_podman_files
  fi
  import_into docker
  import_into podman
  mv "$dir/environment.unfinished" "$dir/environment"
}

stop() {
  rm -f "$dir/environment"
  end_dockerd
  # dockerd leaves a mount for its containers without a network of their own; it would keep $dir from being removed.
  while umount "$dir/exec/netns/default" 2> /dev/null; do :; done
}

end_dockerd() {
  running || return 0
  local pid
  pid=$(< "$dir/dockerd.pid")
  kill "$pid"
  for ((i = 0; i < 300; ++i)); do
    [[ -d /proc/$pid ]] || return 0
    sleep 0.1
  done
  echo "dockerd does not end: pid $pid" >&2
  exit 1
}

case $action in
  start | stop) "$action" ;;
  *)
    sed -n '2,9s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
