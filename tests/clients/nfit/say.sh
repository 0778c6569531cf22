# shellcheck shell=sh
# What sessions of an administrator say with: sourced by them, in a guest and below the emulator. Left out of what is compared are uuids, the node
# of the memory, where that begins, what the set of DIMMs is known by, and which of the guest's DIMMs region0 is made of.
cd /sys/bus/nd/devices || exit 1
said=$(mktemp)
trap 'rm -f "$said"' EXIT
dimm=$(cut -d , -f 1 region0/mapping0)
clean() {
  sed -E "s/$dimm/nmemX/g; s/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/UUID/g; s/0x[0-9a-f]{12,16}$/COOKIE/; s/(\"target_node\":)[0-9]+/\1NODE/; s/(iset_?(id|cookie)\":)[0-9]+/\1COOKIE/"
}
run() {
  echo "\$ $*" | clean
  "$@" >"$said" 2>&1
  status=$?
  clean <"$said"
  echo "-> $status"
}
# write WORD FILE: what a write of it says.
write() {
  echo "\$ echo $1 >$2"
  echo "$1" >"$said"
  sh -c 'cat "$1" >"$2"' sh "$said" "$2" 2>&1 | sed "s/.*: //"
}
show() {
  for name in "$@"; do
    printf '%s = ' "$name" | clean
    # shellcheck disable=SC2002 # what cat says of one that cannot be read
    cat "$name" 2>&1 | sed 's/^cat: .*: /cat: /; s/^cat: read error: /cat: /' | clean
  done
}
region_state() {
  show region0/nstype region0/available_size region0/max_available_extent region0/namespace_seed region0/dax_seed region0/init_namespaces \
    "$dimm/flags" "$dimm/available_slots" "$dimm/state"
}
# What there is, and who may read or write it.
names() {
  for folder in "$@"; do
    echo "$folder:" | clean
    for name in "$folder"/*; do
      kind=$(stat -c %a "$name")
      [ ! -L "$name" ] || kind="link"
      [ -L "$name" ] || [ ! -d "$name" ] || kind="folder"
      echo "$kind ${name##*/}" | clean
    done
  done
}
