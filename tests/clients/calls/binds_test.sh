#!/bin/sh
# binds_test.sh PROGRAM: mount(8), umount(8) and a node, as container runtimes use them: the node bound to other places, files mounted
# on the node; who sees it, what keeps it, and what is left when the platform ends.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/../lib.sh"
program=$1
needs unshare mount umount
[ "$(id -u)" -eq 0 ] || skip "only root mounts"
unshare -m true 2>/dev/null || skip "this machine allows no mount namespace"
DAXEMU_HOME=/dev/shm/daxemu-binds-$$
export DAXEMU_HOME scratch program daxemu
trap 'rm -rf "$scratch" "$DAXEMU_HOME"' EXIT
device="stat=ok chr=1 same=1 open=ok map=ok read=EINVAL fstat=1 access=ok"
file="stat=ok chr=0 same=0 open=ok map=ok read=ok fstat=0 access=ok"
export device file

# What follows runs within the platform, in a mount namespace of its own: words are what the outer shell would say.
cat >inner <<'INNER'
set -eu
fail() { printf 'FAIL: %s\n' "$1"; exit 1; }
same() { [ "$2" = "$3" ] || fail "$1
got:      $2
expected: $3"; }
busy() { # WHAT COMMAND...
  what=$1; shift
  if "$@" 2>busy; then fail "$what: succeeded"; fi
  grep -qi 'busy' busy || fail "$what: $(cat busy)"
}
cd "$scratch"
truncate -s 2M bound second third; mkdir -p folder
mkfifo go
# Two that were there before: of this namespace, and (by the outer shell) of another one.
(read -r _ <go; "$program" ask bound >of_another_process) & other=$!

mount --bind /dev/dax0.0 bound
same "bound" "$("$program" ask bound)" "$device"
same "by a relative link" "$(ln -s bound link; "$program" ask link)" "$device"
echo >go; wait $other
same "another process" "$(cat of_another_process)" "$device"
echo >"$scratch/told"; read -r _ <"$scratch/answered"
same "another mount namespace" "$(cat of_another_namespace)" "$file"
same "stat(1)" "$(stat -c '%F %t:%T' bound)" "$(stat -c '%F %t:%T' /dev/dax0.0)"
grep -q ' /dax0.0 .* - tmpfs devtmpfs ' /proc/self/mountinfo || fail "mountinfo: $(cat /proc/self/mountinfo)"
"$program" put bound words
same "the bytes of the node" "$("$program" get /dev/dax0.0)" words
chmod 640 bound
same "the mode of the node" "$(stat -c %a /dev/dax0.0)" 640
chmod 600 /dev/dax0.0
same "the mode of the bind" "$(stat -c %a bound)" 600
same "a child's redirection" "$(sh -c 'cat 2>&1 <bound' || true)" "cat: -: Invalid argument"
same "an inherited descriptor" "$(sh -c 'exec "$@" 5<>bound' sh readlink /proc/self/fd/5)" "$scratch/bound"

busy "umount while it is open" "$program" hold fd bound "umount bound"
busy "umount while it is mapped" "$program" hold map bound "umount bound"
busy "removal of a mount point" rm -f bound
mount --bind bound second
umount bound
same "a bind of a bind" "$("$program" ask second)" "$device"
same "what was unmounted" "$("$program" ask bound)" "$file"
mount --move second third
same "a bind that was moved" "$("$program" ask third)" "$device"
mount -o remount,bind,ro third
same "read only, which is for files" "$("$program" ask third)" "$device"
mount -o remount,bind,nodev third
same "no devices" "$("$program" ask third)" "stat=ok chr=1 same=1 open=EACCES access=ok"
umount -l third
same "unmounted lazily" "$("$program" ask third)" "$file"
if mount --bind /dev/dax0.0 folder 2>refusal; then fail "onto a folder"; fi

echo content >content
mount --bind content /dev/dax0.0
same "a file on the node" "$(cat /dev/dax0.0)" content
same "its kind" "$(stat -c %F /dev/dax0.0)" "regular file"
grep -q " /dev/dax0.0 " /proc/self/mountinfo || fail "mountinfo: $(cat /proc/self/mountinfo)"
same "the name of what is open there" "$(sh -c 'readlink /proc/self/fd/5 5</dev/dax0.0')" /dev/dax0.0
busy "removal of the node" rm -f /dev/dax0.0
mount --bind /dev/dax0.0 bound
same "a bind of what is on the node" "$(cat bound)" content
umount bound
umount /dev/dax0.0
same "the node is back" "$("$program" ask /dev/dax0.0)" "$device"
if umount /dev/dax0.0 2>refusal; then fail "umount of what is not mounted"; fi

# As bubblewrap and runc: a new root, the node bound into its /dev, from there on by that name.
mkdir root; mount -t tmpfs none root; mkdir root/dev root/old; : >root/dev/dax0.0
mount --bind /dev/dax0.0 root/dev/dax0.0
same "in a new root" "$("$program" ask root/dev/dax0.0)" "$device"
umount root/dev/dax0.0; umount root; rmdir root

# Left behind: the namespace ends, and the mount with it.
mount --bind /dev/dax0.0 bound
mount --bind content /dev/dax0.0
echo done
INNER

cat >outer <<'OUTER'
cd "$scratch"
mkfifo told answered
(read -r _ <told; "$program" ask bound >of_another_namespace; echo >answered) &
unshare -m --propagation private sh inner
status=$?
[ $status -eq 0 ] || exit $status
wait
"$program" ask bound
"$program" ask /dev/dax0.0
OUTER

left() { find /run /tmp /var/tmp -maxdepth 1 -name '.daxemu-*' 2>/dev/null; }
before=$(left)
for stage in "--size 64M --backing shmem" "--platform lab"; do
  [ "$stage" != "--platform lab" ] || runs "$daxemu" create lab --size 64M --backing shmem
  # shellcheck disable=SC2086 # words
  status_of "$daxemu" run $stage -- sh outer
  [ "$status" -eq 0 ] || fail "exit status $status ($stage)
$out
$err"
  same "seen outside of the namespace ($stage)" "$out" "done
$file
$device"
  same "what is said on standard error ($stage)" "$err" ""
  [ "$stage" != "--platform lab" ] || runs "$daxemu" destroy lab
  same "covers that are left ($stage)" "$(left)" "$before"
  rm -rf told answered go refusal bound second third folder link content root of_another_* busy
done

# Where nobody unmounts, in run's own namespace: the end of the platform does.
cat >leave <<'LEAVE'
: >left_behind
echo content >content
"$daxemu" run --size 64M --backing shmem -- sh -c 'mount --bind /dev/dax0.0 left_behind && mount --bind content /dev/dax0.0 && cat /dev/dax0.0'
grep -c 'left_behind\|daxemu-' /proc/self/mountinfo
stat -c %F left_behind
"$daxemu" create lab --size 64M --backing shmem
"$daxemu" run --platform lab -- mount --bind /dev/dax0.0 left_behind
"$daxemu" run --platform lab -- stat -c %F left_behind
"$daxemu" destroy lab
grep -c 'left_behind\|daxemu-' /proc/self/mountinfo
stat -c %F left_behind
LEAVE
status_of unshare -m --propagation private sh leave
same "what is left behind" "$out" "content
0
regular empty file
character special file
0
regular empty file"
same "covers that are left" "$(left)" "$before"

mkdir root
runs "$daxemu" run --size 64M --backing shmem -- "$program" root "$scratch/root"
same "by links to descriptors, in a root without /dev" "$out$err" "bind=ok chr=1"

# bubblewrap binds before it has a /proc, and what it binds without "dev" may not be opened.
if command -v bwrap >/dev/null 2>&1 && bwrap --bind / / true 2>/dev/null; then
  in_box() { runs "$daxemu" run --size 64M --backing shmem -- bwrap --ro-bind / / --dev /dev --proc /proc "$@"; }
  in_box --dev-bind /dev/dax0.0 /dev/dax0.0 "$program" ask /dev/dax0.0
  same "in bubblewrap" "$out$err" "$device"
  in_box --dev-bind /dev/dax0.0 /dev/mine "$program" ask /dev/mine
  same "in bubblewrap, by another name" "$out$err" "$device"
  in_box --bind /dev/dax0.0 /dev/mine "$program" ask /dev/mine
  same "in bubblewrap, not as a device" "$out$err" "stat=ok chr=1 same=1 open=EACCES access=ok"
fi

# Without privileges, in a user namespace.
if setpriv --reuid=65534 --regid=65534 --clear-groups unshare -Urm true 2>/dev/null; then
  chmod 777 "$scratch"
  truncate -s 2M bound
  chmod 666 bound
  cp "$program" program
  status_of setpriv --reuid=65534 --regid=65534 --clear-groups "$daxemu" run --size 64M --backing shmem -- \
    unshare -Urm sh -c 'mount --bind /dev/dax0.0 bound && ./program ask bound && mount --bind bound /dev/dax0.0 && ./program ask /dev/dax0.0 &&
      umount /dev/dax0.0 && umount bound && ./program ask bound'
  same "in a user namespace" "$out$err" "$device
$device
$file"
  same "covers that are left by a user" "$(left)" "$before"
fi
nothing_runs
