# shellcheck shell=sh disable=SC2154
# A Debian or Ubuntu of another suite in a folder, made by debootstrap, and commands in it. Sourced after common.sh.

known_suites="bookworm trixie forky noble"

# check_suite SUITE
check_suite() {
  for known in $known_suites; do
    [ "$known" != "$1" ] || return 0
  done
  fail "'$1' is no suite that is known: bookworm, trixie, forky and noble are"
}

# why_no_root: why this machine cannot have such a folder; nothing if it can.
why_no_root() {
  if [ "$(id -u)" -ne 0 ]; then
    echo "only root can make a root"
  elif ! unshare --mount true 2>/dev/null; then
    echo "this machine does not let root mount (unshare --mount fails), as a root needs"
  elif ! "$scripts/deps" clean-root >/dev/null 2>&1 || ! command -v debootstrap >/dev/null; then
    echo "debootstrap is not installed and cannot be: $("$scripts/deps" clean-root 2>&1 | tail -n 1)"
  fi
}

# make_root SUITE FOLDER: a minimal system in FOLDER, unless one is there: then that, which has to be of SUITE. 20 to 90 s.
make_root() {
  if [ -s "$2/etc/daxemu-suite" ]; then
    [ "$(cat "$2/etc/daxemu-suite")" = "$1" ] || fail "$2 has $(cat "$2/etc/daxemu-suite"), not $1: give another folder"
    return 0
  fi
  [ -z "$(ls -A "$2" 2>/dev/null)" ] || fail "$2 is not empty, and no root of ours: give another folder"
  say "making a minimal $1 in $2"
  mkdir -p "$2"
  # A suite that is younger than this debootstrap is made as all of its family are.
  family=sid components=main mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
  if [ "$1" = noble ]; then # Debian has no keyring of Ubuntu's: the first download is not verified, what apt-get installs in the root is
    family=gutsy components=main,universe mirror=${UBUNTU_MIRROR:-http://archive.ubuntu.com/ubuntu}
  fi
  recipe=/usr/share/debootstrap/scripts/$1
  [ -e "$recipe" ] || recipe=${recipe%/*}/$family
  debootstrap --variant=minbase --components="$components" "$1" "$2" "$mirror" "$recipe" >"$2.log" 2>&1 || {
    tail -n 20 "$2.log" >&2
    fail "debootstrap failed, see $2.log"
  }
  rm -f "$2.log"
  # The way to the mirror, and how far it is trusted when it is old, is that of this machine.
  apt-config dump | grep -E "^Acquire::(Check-Valid-Until|ForceIPv4|https?::Proxy) " >"$2/etc/apt/apt.conf.d/90machine" || :
  echo "$1" >"$2/etc/daxemu-suite"
}

# hurry_root FOLDER: a root that is kept is no proof of how long a fresh machine takes: dpkg need not wait for the disk in it.
hurry_root() {
  echo force-unsafe-io >"$1/etc/dpkg/dpkg.cfg.d/unsafe-io"
}

# in_root FOLDER COMMAND...: as root in it, with this machine's devices, processes and network; what is mounted for it is seen by
# nobody else and gone with it. Where it can be, the folder is a root of its own and no chroot(2): from there the kernel makes no
# user namespaces (create_user_ns(), current_chrooted()), and "/" is no mount whose propagation could be set.
in_root() {
  cp /etc/resolv.conf "$1/etc/resolv.conf"
  # shellcheck disable=SC2016 # for that shell
  unshare --mount --propagation slave sh -euc '
    system=$1
    shift
    mount --bind "$system" "$system"
    for place in proc sys dev; do
      mount --rbind "/$place" "$system/$place"
    done
    cd "$system"
    if pivot_root . . 2>/dev/null; then
      umount -l .
    fi
    exec chroot . /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
  ' sh "$@" </dev/null
}

# put_source FOLDER: what is checked in, as it is in this folder now. A file that is there already and the same keeps its time, so
# that only what changed is built anew. A program for each file would take minutes on a busy machine.
put_source() {
  mkdir -p "$1/daxemu"
  git -c safe.directory="$root" ls-files -z | xargs -0 sha1sum -- | sort >"$1/wanted"
  (cd "$1/daxemu" && find . -path ./build -prune -o ! -type d -printf '%P\0' | xargs -0 -r sha1sum -- | sort) >"$1/there"
  comm -13 "$1/wanted" "$1/there" | cut -c 43- | tr '\n' '\0' | (cd "$1/daxemu" && xargs -0 -r rm -f --)
  comm -23 "$1/wanted" "$1/there" | cut -c 43- | tar -c --files-from=- | tar -x -m -C "$1/daxemu"
  rm -f "$1/wanted" "$1/there"
}
