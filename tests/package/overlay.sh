# Sourced: a root directory that nothing which is done there survives.

fail() {
  echo "FAILED: $*" >&2
  exit 1
}
step() { echo "== $*"; }
# Not by chroot: inside of one nobody may make user namespaces, and a drill's bwrap does.
inside() {
  # shellcheck disable=SC2016
  unshare --mount --propagation private sh -c \
    'mount --rbind "$1" "$1" && cd "$1" && shift && pivot_root . . && umount -l . && cd / && exec "$@"' sh "$root" "$@"
}
is() { # PATH OWNER:GROUP:MODE
  local found
  found=$(inside stat -c %U:%G:%a "$1") || fail "$1 is missing"
  [[ $found == "$2" ]] || fail "$1 is $found, not $2"
}

# Begins anew in namespaces that end with it, and has an overlay of this host as $root, with the sources in it. A script of two
# arguments calls it first; 77 is for ctest.
begin_below_an_overlay() { # SOURCE DIR
  [[ -x $1/build/release/pgassay ]] || {
    echo "there is no $1/build/release/pgassay"
    exit 77
  }
  ((EUID == 0)) || {
    echo "installing takes root"
    exit 77
  }
  if [[ ${PGASSAY_UNSHARED:-} != yes ]]; then
    mkdir -p "$2"
    PGASSAY_UNSHARED=yes exec unshare --mount --pid --fork --kill-child -- "$0" "$@"
  fi
  mount --make-rprivate /
  overlay_of_host "$(readlink -m "$2")"
  mount_the_rest
  [[ -e $root$1/CMakeLists.txt ]] || { # another file system
    mkdir -p "$root$1"
    mount --bind "$1" "$root$1"
  }
}

# This host's root as $root, without what it has of pgassay, by scripts/install perhaps. DIR becomes a tmpfs.
overlay_of_host() { # DIR
  mount -t tmpfs tmpfs "$1"
  root=$1/root
  mkdir "$root" "$1/upper" "$1/work"
  mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" overlay "$root" || {
    echo "this host's root can't be the lower layer of an overlay: is it one of overlays already?"
    exit 77
  }
  # Images for containers have dpkg leave man pages and documents out.
  rm -f "$root"/etc/dpkg/dpkg.cfg.d/docker*
  rm -rf "$root"/etc/pgassay "$root"/var/lib/pgassay "$root"/usr/local/bin/pgassay
}

mount_the_rest() {
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  mount -t tmpfs tmpfs "$root/tmp"
  mount -t tmpfs tmpfs "$root/run"
  chmod 1777 "$root/tmp"
}
