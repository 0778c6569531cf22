#!/bin/sh
# apart.sh LEFT COMMAND...: runs the command, as root, in a mount namespace with a /dev and a /tmp of its own, so that nothing a case
# makes or changes reaches the machine's; LEFT then has a line for each name of /dev that was made, changed or lost.
set -u
if [ "${DAXEMU_APART:-}" != yes ]; then
  [ "$(id -u)" -eq 0 ] || { echo "SKIP: asks what root may do; not run as root"; exit 77; }
  unshare -m true 2>/dev/null || { echo "SKIP: this machine allows no mount namespace"; exit 77; }
  DAXEMU_APART=yes exec unshare -m --propagation private sh "$0" "$@"
fi
unset DAXEMU_APART
left=$1
shift
# The result goes where the caller can read it: /tmp here is not his.
exec 9>"$left"
old=$(mktemp -d /run/daxemu-cases.XXXXXX) || exit 1
mkdir "$old/dev" && mount -t tmpfs -o mode=755 none "$old/dev" || exit 1
for node in /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty /dev/ptmx /dev/userfaultfd /dev/fd /dev/stdin /dev/stdout /dev/stderr; do
  if [ -e "$node" ] || [ -h "$node" ]; then cp -a "$node" "$old$node"; fi
done
mkdir "$old/dev/shm" "$old/dev/pts"
mount -t tmpfs none "$old/dev/shm" && { mount --bind /dev/pts "$old/dev/pts" 2>/dev/null || :; }
mount --move "$old/dev" /dev && mount -t tmpfs -o mode=1777 none /tmp || exit 1
rmdir "$old/dev" "$old"

look() {
  find /dev -xdev -printf '%p %y %m %U:%G %l\n' | sort
}
look >/dev/shm/.before
status=0
"$@" 9>&- || status=$?
look >/dev/shm/.after
diff /dev/shm/.before /dev/shm/.after | grep '^[<>]' >&9
exit $status
