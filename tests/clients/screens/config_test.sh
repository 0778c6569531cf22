#!/bin/sh
# One platform of several regions, devices and kinds, from a file and from flags, as daxctl and ndctl see it; mistakes
# in the file are named with line, key and remedy.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
needs daxctl ndctl
DAXEMU_HOME=$scratch/home
export DAXEMU_HOME

cat >lab.json <<'EOC'
{
  "regions": [
    { "size": "512M", "devices": [ { "size": "128M" }, { "size": "64M", "align": "4K" } ] },
    { "id": 4, "size": "256M", "devices": [ { "size": "2M" } ] },
    { "kind": "pmem", "numa_node": "none", "devices": [ { "size": "64M" } ] }
  ]
}
EOC
runs "$daxemu" create lab --config lab.json
trap '"$daxemu" destroy --force lab >/dev/null 2>&1 || :; rm -rf "$scratch"' EXIT
runs "$daxemu" run --platform lab -- daxctl list -DR
printf '%s' "$out" | tr -d ' \n' >listed
# In the kernel's order of names; daxctl turns it round.
for entry in '"chardev":"dax0.0","size":134217728' '"chardev":"dax0.1","size":67108864' '"chardev":"dax1.0","size":67108864' \
  '"id":0,"size":536870912,"available_size":335544320' '"id":4,"size":268435456,"available_size":266338304'; do
  grep -qF "$entry" listed || fail "daxctl does not list $entry in $(cat listed)"
done
runs "$daxemu" run --platform lab -- ndctl list
matches "the namespace" "$out" '"chardev":"dax1.0"'
runs "$daxemu" run --platform lab -- daxctl create-device -r 4 -s 128M
matches "a device in the free space of a region" "$out" '"chardev":"dax4\.1"'
cat >steps <<'EOS'
echo bytes >in
for d in 0.0 0.1 1.0 4.1; do
  daxio -i in -o /dev/dax$d -l 5 >/dev/null 2>&1 && daxio -i /dev/dax$d -o out$d -l 5 >/dev/null 2>&1 || exit 1
done
EOS
runs "$daxemu" run --platform lab -- sh ./steps
for device in 0.0 0.1 1.0 4.1; do
  same "bytes of dax$device" "$(cat "out$device")" bytes
done

runs "$daxemu" run --size 64M --with dax0.1=32M,4K --with dax2.0=64M --free 16M -- daxctl list -DR
printf '%s' "$out" | tr -d ' \n' >listed
for entry in '"chardev":"dax0.1","size":33554432' '"chardev":"dax2.0"' '"id":0,"size":117440512,"available_size":16777216' '"align":4096'; do
  grep -qF "$entry" listed || fail "daxctl does not list $entry in $(cat listed)"
done

printf '{\n "regions": [\n  { "devices": [ { "sise": "4G" } ] }\n ]\n}\n' >bad.json
status_of "$daxemu" create other --config bad.json
same "exit status of a bad file" "$status" 125
same "lines of its message" "$(printf '%s\n' "$err" | wc -l | tr -d ' ')" 1
matches "its message" "$err" 'bad\.json:3: regions\[0\]\.devices\[0\]\.sise is no key here.*did you mean size\?'
status_of "$daxemu" create other --config nowhere.json
matches "a file that is not there" "$err" 'nowhere\.json: No such file'
status_of "$daxemu" run --with dax0.0=64M -- true
matches "a device twice" "$err" '--with dax0\.0=64M: dax0\.0 is there already'
status_of "$daxemu" run --config lab.json --size 2G -- true
[ "$status" -eq 125 ] || fail "--config and --size together are accepted"
[ ! -e "$DAXEMU_HOME/other" ] || fail "something is left of a platform that was refused"
nothing_runs
