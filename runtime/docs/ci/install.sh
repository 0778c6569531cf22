#!/bin/sh
# install.sh [FOLDER]: daxemu from its sources into /usr/local, on Debian 12 and newer, Ubuntu 24.04 and newer; for images and CI jobs, where no
# repository has it as a package. FOLDER: a checkout of it; without one it is cloned from $DAXEMU_SOURCE. As root. What only the build
# needed is taken away again if REMOVE_BUILD=yes.
set -eu
folder=${1:-}
if [ -z "$folder" ]; then
  : "${DAXEMU_SOURCE:?is not set: the address or folder that daxemu is cloned from}"
  apt-get update
  apt-get install -y --no-install-recommends git ca-certificates
  folder=$(mktemp -d)/daxemu
  git clone --depth 1 "$DAXEMU_SOURCE" "$folder"
fi
before=$(mktemp)
dpkg-query -W -f '${binary:Package}\n' | sort >"$before"
"$folder/python-free-scripts/deps" build
"$folder/python-free-scripts/build" release product
"$folder/python-free-scripts/put" /usr/local
ldconfig
if [ "${REMOVE_BUILD:-}" = yes ]; then
  # What the programs are linked with stays: it is marked as wanted, all else that came is not.
  # shellcheck disable=SC2046 # names
  dpkg-query -W -f '${binary:Package}\n' | sort | comm -13 "$before" - | xargs -r apt-mark auto >/dev/null
  for file in /usr/local/bin/daxemu /usr/local/lib/libdaxemu*.so; do
    [ ! -e "$file" ] || ldd "$file"
  done | awk '$3 ~ /^\// { print $3 }' | sort -u | while read -r library; do
    dpkg-query -S "$(readlink -f "$library")" 2>/dev/null || dpkg-query -S "$library" 2>/dev/null || :
  done | cut -d : -f 1 | sort -u | xargs -r apt-mark manual >/dev/null
  apt-get autoremove -y --purge
fi
rm -f "$before"
daxemu --version
