# Sourced: which PostgreSQL is this host's?

# Prints the major release that this host's tests, packages and quickstart use: the newest whose server's programs are
# here, but none older than the Debian release's own, which scripts/packages installs. tests/fixtures/host_postgres.h gives
# the tests' answer, which is the same once the packages are there.
postgres_major() {
  local own newest=0 dir major
  own=$(postgres_of_release) || return
  for dir in /usr/lib/postgresql/*/bin; do
    major=${dir#/usr/lib/postgresql/}
    major=${major%/bin}
    [[ -x $dir/initdb && $major =~ ^[0-9]+$ ]] && ((major > newest)) && newest=$major
  done
  echo $((newest > own ? newest : own))
}

# Prints the major release of the Debian release's own packages. A bare system's apt knows no package yet, so the releases
# on which we build are named here; of others apt is asked.
postgres_of_release() {
  local release major=
  # shellcheck source=/dev/null
  release=$(. /etc/os-release && echo "${ID-}-${VERSION_ID-}")
  case $release in
    debian-12) major=15 ;;
    debian-13) major=17 ;;
    *) major=$(apt-cache depends --important postgresql 2> /dev/null | sed -n 's/.*Depends: postgresql-\([0-9]*\)$/\1/p' | head -n 1) ;;
  esac
  if [[ -z $major ]]; then
    echo "which PostgreSQL is $release's? apt does not know the package postgresql; apt-get update brings what it knows" >&2
    return 1
  fi
  echo "$major"
}
