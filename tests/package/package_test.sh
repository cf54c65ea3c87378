#!/bin/bash
# Makes the Debian package by cpack, has lintian look at it, and tries it (try_package.sh).
#
#   package_test.sh host|bare SOURCE BUILD      of the release build where there is one, else of BUILD
set -euo pipefail
kind=$1 source=$2 build=$3
dir=$build/package-$kind
release=$source/build/release
if [[ -x $release/pgassay ]]; then
  build=$release
  cmake "$build" > /dev/null # its package's description may be an older one
fi
rm -rf "$dir"
mkdir -p "$dir"
echo "== cpack of $build"
(cd "$build" && cpack -G DEB -B "$dir") > "$dir/cpack.log" 2>&1 || {
  tail -n 20 "$dir/cpack.log" >&2
  exit 1
}
package=("$dir"/pgassay_*.deb)
echo "== lintian"
lintian --allow-root --fail-on error,warning "${package[0]}"
if ((EUID != 0)); then
  echo "installing it takes root"
  exit 77
fi
"$(dirname "$0")/try_package.sh" "$kind" "${package[0]}" "$dir/tried"
rm -rf "$dir"
