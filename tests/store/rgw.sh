#!/bin/bash
# An S3 server for the tests: one Ceph monitor, one OSD in memory and a RADOS gateway on 127.0.0.1, at ports that are free,
# with all that they keep below DIR. No daemon of this host is used or touched.
#
#   rgw.sh start DIR     leaves DIR/environment: PGASSAY_TEST_S3 (the endpoint), AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY;
#                        and makes the bucket "pgassay-test"
#   rgw.sh stop DIR
set -euo pipefail
action=${1:?start or stop} dir=$(readlink -m "${2:?a directory}")

stop() {
  local pid_file pid
  for pid_file in "$dir"/run/*.pid; do
    [[ -e $pid_file ]] || continue
    pid=$(cat "$pid_file")
    # The pid may be another's by now.
    if tr '\0' ' ' < "/proc/$pid/cmdline" 2> /dev/null | grep -qF "$dir/ceph.conf"; then kill -9 "$pid" || true; fi
  done
  rm -rf "$dir"
}

free_port() { # NTH
  python3 - "$1" << 'PYTHON'
import socket, sys
held = []
for _ in range(int(sys.argv[1])):
    one = socket.socket()
    one.bind(("127.0.0.1", 0))
    held.append(one)
print(held[-1].getsockname()[1])
PYTHON
}

start() {
  stop
  mkdir -p "$dir"/{mon,osd,rgw,run,log}
  local port mon fsid secret as_root=()
  mon=$(free_port 1) port=$(free_port 2) fsid=$(cat /proc/sys/kernel/random/uuid)
  secret=$(head -c 20 /dev/urandom | base64 | tr '+/' 'AB')
  ((EUID != 0)) || as_root=(--setuser root --setgroup root)
  cat > "$dir/ceph.conf" << CONF
[global]
fsid = $fsid
mon host = v2:127.0.0.1:$mon
public network = 127.0.0.0/8
keyring = $dir/keyring
run dir = $dir/run
pid file = $dir/run/\$type.\$id.pid
admin socket = $dir/run/\$cluster-\$name.asok
log file = $dir/log/\$name.log
mon cluster log file = $dir/log/cluster.log
osd pool default size = 1
osd pool default min size = 1
osd crush chooseleaf type = 0
osd pool default pg num = 1
osd pool default pgp num = 1
mon allow pool size one = true
mon max pg per osd = 1000
osd pool default pg autoscale mode = off
mon data avail crit = 1
[mon.a]
mon data = $dir/mon
[osd.0]
osd data = $dir/osd
osd objectstore = memstore
memstore device bytes = 4294967296
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:$port
rgw data = $dir/rgw
rgw enable apis = s3
CONF
  export CEPH_CONF=$dir/ceph.conf
  {
    ceph-authtool --create-keyring "$dir/keyring" --gen-key -n mon. --cap mon 'allow *'
    ceph-authtool "$dir/keyring" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
    ceph-authtool "$dir/keyring" --gen-key -n osd.0 --cap mon 'allow *' --cap osd 'allow *'
    ceph-authtool "$dir/keyring" --gen-key -n client.rgw --cap mon 'allow *' --cap osd 'allow *'
    monmaptool --create --fsid "$fsid" --addv a "[v2:127.0.0.1:$mon]" "$dir/monmap"
    ceph-mon -c "$CEPH_CONF" --mkfs -i a --monmap "$dir/monmap" --keyring "$dir/keyring"
    ceph-mon -c "$CEPH_CONF" -i a "${as_root[@]}"
    local osd
    osd=$(cat /proc/sys/kernel/random/uuid)
    ceph -c "$CEPH_CONF" osd new "$osd"
    ceph -c "$CEPH_CONF" auth import -i "$dir/keyring"
    ceph-osd -c "$CEPH_CONF" -i 0 --mkfs --osd-uuid "$osd"
    ceph-osd -c "$CEPH_CONF" -i 0 "${as_root[@]}"
    until ceph -c "$CEPH_CONF" osd stat | grep -q '1 up'; do sleep .2; done
    radosgw-admin -c "$CEPH_CONF" -n client.rgw user create --uid test --display-name test --access-key AKTEST --secret-key "$secret"
    radosgw -c "$CEPH_CONF" -n client.rgw "${as_root[@]}"
    until curl -fs -o /dev/null "http://127.0.0.1:$port/"; do sleep .2; done
    curl -fsS --aws-sigv4 aws:amz:us-east-1:s3 --user "AKTEST:$secret" -H "x-amz-content-sha256: UNSIGNED-PAYLOAD" -X PUT "http://127.0.0.1:$port/pgassay-test"
  } > "$dir/log/start.log" 2>&1 || {
    tail -n 20 "$dir/log/start.log" >&2
    exit 1
  }
  printf '%s\n' "PGASSAY_TEST_S3=http://127.0.0.1:$port" AWS_ACCESS_KEY_ID=AKTEST "AWS_SECRET_ACCESS_KEY=$secret" > "$dir/environment"
}

"$action"
