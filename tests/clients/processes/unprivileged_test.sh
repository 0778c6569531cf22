#!/bin/sh
# The main job as a user without any capability or way to get one, with whatever engine the machine allows him.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/../lib.sh"
needs fio setpriv daxctl

# An installed tree that any user can read: the build may be in a folder that only its owner can enter.
mkdir -p installed/bin installed/lib
cp "$daxemu" installed/bin/
cp "${daxemu%/bin/*}/lib/libdaxemu-preload.so" installed/lib/
chmod -R a+rX "$scratch"
daxemu="$scratch/installed/bin/daxemu"

as_nobody="setpriv --no-new-privs"
if [ "$(id -u)" -eq 0 ]; then
  as_nobody="setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs"
  mkdir home
  chown 65534:65534 home
  cd home
fi
# shellcheck disable=SC2086 # words
{
  runs $as_nobody sh -c 'id -u; grep -E "^Cap(Eff|Prm|Bnd)|NoNewPrivs" /proc/self/status'
  [ "$(id -u)" -ne 0 ] || same "capabilities" "$(printf '%s\n' "$out" | grep -c '0000000000000000')" 3
  runs $as_nobody "$daxemu" doctor
  printf 'doctor: %s\n' "$(printf '%s\n' "$out" | grep -E '^[a-z]+ +(userfaultfd|engine) ')"
  engine=$(printf '%s\n' "$out" | awk '$2 == "engine" { print $3 }')

  runs $as_nobody "$daxemu" run --size 1G --align 2M --stats -- fio --name=t --ioengine=dev-dax \
    --filename=/dev/dax0.0 --rw=randrw --bs=4k --size=256m --verify=crc32c --do_verify=1
  matches "fio reports no error (engine $engine)" "$out" 'err= 0:'
  matches "fio read all of it" "$out" 'READ: .*io=256MiB '
  matches "extents are counted" "$err" '^ *[1-9][0-9]* extents touched of 512$'

  runs $as_nobody "$daxemu" run -- daxctl list -D
  matches "daxctl sees the device" "$out" '"chardev":"dax0.0"'
}
nothing_runs
