#!/bin/sh
# The Debian packages of this build: made, without lintian's errors, and each with what belongs to it.
#   packages.sh SCRIPT BUILD
set -eu
if ! command -v dpkg-shlibdeps >/dev/null 2>&1; then
  echo "SKIP: dpkg-dev is not installed (python-free-scripts/deps test)"
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$1" --from "$2" "$work/packages" || exit 1
faults=0
# holds PACKAGE PATTERN...: a path in it matches each
holds() {
  package=$1
  shift
  dpkg-deb -c "$work"/packages/"$package"_*.deb | awk '{ print $6 }' >"$work/list"
  for pattern in "$@"; do
    grep -qE "$pattern" "$work/list" || { echo "FAIL: $package has nothing that matches $pattern"; faults=$((faults + 1)); }
  done
}
# depends PACKAGE PATTERN
depends() {
  dpkg-deb -f "$work"/packages/"$1"_*.deb Depends | grep -qE "$2" || { echo "FAIL: $1 does not depend on $2"; faults=$((faults + 1)); }
}
holds daxemu '/usr/bin/daxemu$' '/libdaxemu-preload\.so$' '/libdaxemu\.so\.[0-9]+$' '/man1/daxemu-run\.1\.gz$' \
  '/bash-completion/completions/daxemu$' '/vendor-completions/_daxemu$' '/daxemu\.fish$' '/doc/daxemu/copyright$' \
  '/doc/daxemu/changelog\.gz$' '/doc/daxemu/semantics\.md$'
holds libdaxemu-dev '/include/daxemu/device\.h$' '/libdaxemu\.so$' '/daxemuConfig\.cmake$' '/daxemuTest\.cmake$' \
  '/pkgconfig/daxemu\.pc$' '/man3/daxemu_pin_user_pages\.3\.gz$' '/examples/consumer/CMakeLists\.txt$'
holds daxemu-tests '/usr/bin/daxemu-selftest$' '/usr/bin/daxemu-conformance$' '/conformance/golden/linux-6.1/hmem-2M\.tsv$'
depends daxemu 'libc6 .*libncurses6'
depends libdaxemu-dev 'daxemu \(= '
depends daxemu-tests 'daxemu \(= '
for package in "$work"/packages/*.deb; do
  if dpkg-deb -c "$package" | grep -E '/(emu|runtime|gtest|benchmark)/|\.a$'; then
    echo "FAIL: $package holds what is not for users"
    faults=$((faults + 1))
  fi
done
[ "$faults" -eq 0 ] && echo "three packages hold what they should"
