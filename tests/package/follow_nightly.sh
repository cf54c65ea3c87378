#!/bin/bash
# Follows the README's "Your own database" and then docs/nightly.md to the letter, by the commands of the pages: the package, a
# role, a configuration, the first night, the timer, cron, and what status says of the first backup. It writes into /etc, /usr and
# /var: only for a root directory that is thrown away (follow_nightly_test.sh; scripts/try-bare RELEASE -- THIS).
#
#   tests/package/follow_nightly.sh [--quickstart]      from the top of the sources; as root
#
# With --quickstart it begins with scripts/quickstart, as the README does; else build/release must be there.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
source tests/package/overlay.sh # step, fail
sources=$PWD

# The commands of "## HEADING": its blocks that are indented by so many blanks, each behind a line "# block".
blocks() { # FILE HEADING INDENT
  awk -v heading="## $2" -v indent="$3" '
    /^## / { inside = $0 == heading; open = 0 }
    !inside { next }
    match($0, /^ */) && RLENGTH >= indent && $0 !~ /^ *(```|$)/ {
      if (!open) print "# block"
      open = 1
      print substr($0, indent + 1)
      next
    }
    { open = 0 }' "$1"
}
block() { # NUMBER FILE HEADING INDENT
  blocks "${@:2}" | awk -v wanted="$1" '/^# block$/ { ++at; next } at == wanted'
}
follow() { # NUMBER FILE HEADING INDENT
  local commands
  commands=$(block "$@")
  [[ -n $commands ]] || fail "$2 has no block $1 in $3"
  # shellcheck disable=SC2001
  sed 's/^/   $ /' <<< "$commands"
  # A shell of its own, as somebody who types: `cd /` stays in force for the block.
  bash -euo pipefail -c "$commands" < /dev/null || fail "$2, $3, block $1"
}
count_is() { # NUMBER FILE HEADING INDENT
  local found
  found=$(blocks "${@:2}" | grep -c '^# block$')
  [[ $found == "$1" ]] || fail "$2 has $found blocks of commands in \"$3\", and this test knows $1"
}
nightly=(docs/nightly.md "Set up" 7)
count_is 1 README.md "Your own database" 4
count_is 1 docs/nightly.md "The Debian package" 4
count_is 5 "${nightly[@]}"

echo 'APT::Get::Assume-Yes "true";' > /etc/apt/apt.conf.d/90nobody-to-ask # as somebody who answers Y

if [[ ${1-} == --quickstart ]]; then
  scripts/quickstart > /tmp/quickstart.log 2>&1 || {
    tail -n 40 /tmp/quickstart.log
    fail quickstart
  }
fi

step "a stock server, whose user is postgres, with a database app"
source scripts/postgres_major.sh
bin=/usr/lib/postgresql/$(postgres_major)/bin
install -d -o postgres -g postgres /var/run/postgresql
(
  cd /
  sudo -u postgres "$bin/initdb" -D /tmp/server -A peer --no-sync > /dev/null
  sudo -u postgres "$bin/pg_ctl" -D /tmp/server -w -l /tmp/server.log -o "-c listen_addresses='' -c unix_socket_directories=/var/run/postgresql -c fsync=off" start > /dev/null
  sudo -u postgres "$bin/createdb" -h /var/run/postgresql app
  sudo -u postgres psql -qX -d app -c "CREATE TABLE t AS SELECT generate_series(1, 1000) AS i"
)
trap 'status=$?; [[ $status == 0 ]] || echo "ended with $status, line $LINENO"; cd / && sudo -u postgres "$bin/pg_ctl" -D /tmp/server -m immediate stop > /dev/null 2>&1; exit $status' EXIT

step "README: your own database"
follow 1 README.md "Your own database" 4

step "nightly.md: the Debian package"
# Its first line, as far as it is a build, was the README's.
commands=$(block 1 docs/nightly.md "The Debian package" 4 | grep -v '^scripts/quickstart ')
# shellcheck disable=SC2001
sed 's/^/   $ /' <<< "$commands"
bash -euo pipefail -c "$commands" < /dev/null > /tmp/package.log 2>&1 || {
  tail -n 40 /tmp/package.log
  fail "the package"
}

step "nightly.md: set up"
follow 1 "${nightly[@]}"
configuration=$(awk '/^ *```toml/ && ++fences == 1 { inside = 1; next } /^ *```/ { inside = 0 } inside' docs/nightly.md | sed 's/^   //')
grep -q '^\[source.prod\]' <<< "$configuration" || fail "the page's configuration"
# Whom to tell is the reader's: there is no YOUR-UUID.
sed '/^\[notify\]/,$d' <<< "$configuration" > /etc/pgassay/pgassay.toml
follow 2 "${nightly[@]}"

step "nightly.md: systemd"
[[ -x /usr/bin/systemctl ]] || apt-get install --no-install-recommends systemd > /dev/null # every Debian but the barest has it
# Where systemd is not process 1, the timer is enabled and not started; what it would start, and as whom, is done below.
if [[ -d /run/systemd/system ]]; then
  follow 3 "${nightly[@]}"
else
  (follow 3 "${nightly[@]}") 2> /dev/null || true
fi
[[ -L /etc/systemd/system/timers.target.wants/pgassay-nightly@prod.timer ]] || fail "the timer is not enabled"
systemd-analyze verify --man=no pgassay-nightly@prod.service pgassay-nightly@prod.timer 2> /tmp/verify.log || fail "the units: $(cat /tmp/verify.log)"
service=/lib/systemd/system/pgassay-nightly@.service # the package's
user=$(sed -n 's/^User=//p' "$service") line=$(sed -n 's/^ExecStart=//p' "$service")
# shellcheck disable=SC2086 # systemd splits it at blanks, too
(cd / && sudo -u "$user" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin ${line//%i/prod}) || fail "what the unit runs: $line"

step "nightly.md: cron"
[[ -x /usr/sbin/cron ]] || apt-get install --no-install-recommends cron > /dev/null # as the page says
follow 4 "${nightly[@]}"
cron() { # LINE: as cron runs it, which mails what is printed
  local user command said
  user=$(awk '{ print $6 }' <<< "$1") command=$(awk '{ for (i = 7; i <= NF; ++i) printf "%s ", $i }' <<< "$1")
  said=$(cd / && sudo -u "$user" env -i HOME=/ PATH="$(sed -n 's/^PATH=//p' /etc/cron.d/pgassay)" SHELL=/bin/sh /bin/sh -c "$command" 2>&1) ||
    fail "cron's line: $1: $said"
  [[ -z $said ]] || fail "cron would mail: $said"
}
cron "$(grep -E '^[0-9]' /etc/cron.d/pgassay)"
hourly=$(block 5 "${nightly[@]}")
grep -qE '^17 \* \* \* \*  pgassay  pgassay nightly' <<< "$hourly" || fail "the hourly line: $hourly"
before=$(sudo -u pgassay pgassay list --json | grep -c '"id"')
cron "$hourly"
[[ $(sudo -u pgassay pgassay list --json | grep -c '"id"') == "$before" ]] || fail "the hourly line took a backup though one is young"

step "nightly.md: the README's repository is given to the user, and its first backup to prod"
chown -R pgassay /var/backups/pgassay
sed -i 's#^repository = .*#repository = "/var/backups/pgassay"#' /etc/pgassay/pgassay.toml
cd /
sudo -u pgassay pgassay nightly prod --quiet || fail "a night in the README's repository"
told=$(sudo -u pgassay pgassay status | grep -oE 'pgassay source alias local --of prod') || fail "status does not say what to do with local"
sudo -u pgassay sh -c "$told"
sudo -u pgassay pgassay status | grep -qE '^prod/app +OK +2 ' || fail "status: $(sudo -u pgassay pgassay status)"

step "nightly.md: the other commands of the page"
sudo -u pgassay pgassay status prod --nagios | grep -q '^PGASSAY OK' || fail nagios
cd "$sources"
for command in 'pgassay status prod --nagios' 'pgassay report --output /var/www/html/backups.html'; do
  grep -qF "$command" docs/nightly.md || fail "the page has no longer: $command"
done
install -d -o pgassay /var/www/html
(cd / && sudo -u pgassay sh -c 'pgassay report --output /var/www/html/backups.html')
[[ -s /var/www/html/backups.html ]] || fail "the report"
echo "all well"
