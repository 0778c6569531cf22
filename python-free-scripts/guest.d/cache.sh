# The kernel and the base initramfs, made once and kept under $cache. Sourced by guest.
# Everything is made beside its place and renamed into it, under a lock: a run that was cut off leaves nothing half done, the next
# one goes on from the last finished step, and two guests started together do not disturb each other.
# shellcheck shell=sh disable=SC2154

# The order is the order of insmod: virtio for the channels to the host, then the nd and dax buses.
boot_modules="virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci virtio_console
  libnvdimm nd_btt nd_pmem device_dax dax_pmem kmem nfit nd_e820 dax_hmem"
# There for modprobe, not loaded.
more_modules="crc32c_generic crc16 mbcache jbd2 ext4 loop"

need_tools() {
  missing=
  for tool in qemu-system-x86_64:qemu-system-x86 busybox:busybox-static cpio:cpio depmod:kmod ndctl:ndctl daxctl:daxctl \
    dpkg:dpkg apt-get:apt flock:util-linux ldd:libc-bin timeout:coreutils; do
    command -v "${tool%%:*}" >/dev/null || missing="$missing ${tool##*:}"
  done
  [ -z "$missing" ] || give_up 126 "this machine lacks$missing: run $here/deps test, or apt-get install$missing"
  case $(LC_ALL=C ldd "$(command -v busybox)" 2>&1) in
    *'not a dynamic executable'* | *'statically linked'*) ;;
    *) give_up 126 "$(command -v busybox) is not static: apt-get install busybox-static" ;;
  esac
}

# The package with the image that linux-image-amd64 stands for, e.g. linux-image-6.1.0-56-amd64.
kernel_package() {
  # shellcheck disable=SC2086 # apt's options are words
  apt-cache $apt_options depends linux-image-amd64 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1
}

# download_kernel: one try with the package lists that apt_options point to.
download_kernel() {
  package=$(kernel_package)
  [ -n "$package" ] || { echo "apt knows no linux-image-amd64" >"$cache/download/log"; return 1; }
  # shellcheck disable=SC2086
  (cd "$cache/download" && apt-get $apt_options download "$package" >log 2>&1) || return 1
  mv "$cache/download/$package"_*.deb "$cache/kernel.deb"
}

fetch_kernel() {
  [ ! -s "$cache/kernel.deb" ] || return 0
  echo "guest: downloading Debian's kernel (70 MB, once) into $cache" >&2
  rm -rf "$cache/download"
  mkdir -p "$cache/download"
  # This machine's package lists first; if they are missing or stale, lists of our own, which needs no root.
  apt_options=
  if ! download_kernel; then
    mkdir -p "$cache/download/lists/partial"
    apt_options="-o Dir::State::Lists=$cache/download/lists -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache="
    # shellcheck disable=SC2086
    apt-get $apt_options update >"$cache/download/log" 2>&1 || :
    download_kernel || give_up 126 "the kernel package could not be downloaded ($(grep -v '^W:' "$cache/download/log" | tail -n 1)): \
get a network, or put a linux-image-*-amd64 .deb at $cache/kernel.deb"
  fi
  rm -rf "$cache/download"
}

unpack_kernel() {
  [ ! -d "$cache/kernel" ] || return 0
  fetch_kernel
  rm -rf "$cache/kernel.new"
  if ! dpkg -x "$cache/kernel.deb" "$cache/kernel.new" 2>"$work/dpkg"; then
    give_up 126 "$cache/kernel.deb cannot be unpacked ($(tail -n 1 "$work/dpkg")): delete it and start again"
  fi
  for image in "$cache"/kernel.new/boot/vmlinuz-*; do
    [ -s "$image" ] || give_up 126 "$cache/kernel.deb holds no kernel image: delete it and start again"
  done
  mv "$cache/kernel.new" "$cache/kernel"
}

# expand_kernel: the kernel without its compression, which costs an emulated processor 2 to 3 seconds at every start; QEMU starts
# it through its PVH entry. An empty file means that this one cannot be expanded here, and is started as it is.
expand_kernel() {
  [ ! -e "$cache/kernel/vmlinux" ] || return 0
  : >"$cache/kernel/vmlinux.new"
  magic=$(printf '\3757zXZ')
  offset=$(LC_ALL=C grep -abo "$magic" "$kernel" | head -n 1 | cut -d : -f 1)
  if [ -n "$offset" ] && command -v xz >/dev/null && grep -qs CONFIG_PVH=y "$cache/kernel/boot/config-"*; then
    # What follows the compressed part makes xz complain at the end.
    tail -c +$((offset + 1)) "$kernel" | xz -dc >"$cache/kernel/vmlinux.new" 2>/dev/null || :
    grep -qa 'Linux version' "$cache/kernel/vmlinux.new" || : >"$cache/kernel/vmlinux.new"
  fi
  mv "$cache/kernel/vmlinux.new" "$cache/kernel/vmlinux"
}

module_file() {
  find "$modules" -name "$1.ko" -o -name "$1.ko.xz" | head -n 1
}

# base_tree FOLDER: what every guest has.
base_tree() {
  mkdir -p "$1/usr/bin" "$1/usr/sbin" "$1/usr/lib" "$1/usr/lib64" "$1/dev" "$1/proc" "$1/sys" "$1/run" "$1/tmp" "$1/root" \
    "$1/etc" "$1/var/tmp" "$1/guest" "$1/usr/lib/modules/$release"
  for name in bin sbin lib lib64; do
    ln -s "usr/$name" "$1/$name"
  done
  echo 'root:x:0:0:root:/root:/bin/sh' >"$1/etc/passwd"
  echo 'root:x:0:' >"$1/etc/group"
  echo '127.0.0.1 localhost' >"$1/etc/hosts"
  echo 'passwd: files' >"$1/etc/nsswitch.conf"
  cp "$(command -v busybox)" "$1/usr/bin/busybox"
  for applet in $("$1/usr/bin/busybox" --list); do
    [ "$applet" = busybox ] || ln -s busybox "$1/usr/bin/$applet"
  done
  for program in ndctl daxctl; do
    stage_program "$1" "$(command -v $program)"
  done
  # glibc opens it by name when a thread is cancelled.
  for library in /lib/x86_64-linux-gnu/libgcc_s.so.1 /usr/lib/x86_64-linux-gnu/libgcc_s.so.1; do
    [ ! -e "$library" ] || stage_file "$1" "$library" "$library"
  done
  for name in $boot_modules $more_modules; do
    file=$(module_file "$name")
    [ -n "$file" ] || continue # built into this kernel
    folder=$1/usr/lib/modules/$release/${file#"$modules"/}
    mkdir -p "${folder%/*}"
    cp "$file" "$folder"
  done
  for name in modules.builtin modules.order modules.builtin.modinfo; do
    [ ! -e "$modules/$name" ] || cp "$modules/$name" "$1/usr/lib/modules/$release/"
  done
  depmod -b "$1" "$release" 2>/dev/null
  for name in $boot_modules; do
    file=$(module_file "$name")
    [ -z "$file" ] || echo "/lib/modules/$release/${file#"$modules"/}"
  done >"$1/guest/modules"
  cp "$lib/init" "$1/init"
  chmod 755 "$1/init"
}

base_programs() {
  for program in ndctl daxctl; do
    stage_program "$1" "$(command -v $program)"
  done
  # glibc opens it by name when a thread is cancelled.
  for library in /lib/*/libgcc_s.so.1 /usr/lib/*/libgcc_s.so.1; do
    [ ! -e "$library" ] || stage_file "$1" "$library" "$library"
  done
}

# pack FOLDER: FOLDER as an archive on stdout, every link followed: what was staged is read from its own place, not copied.
pack() {
  (cd "$1" && find -L . ! -type l -print0 | LC_ALL=C sort -z | cpio --quiet -o -0 -L -H newc -R 0:0)
}

# pack_base FOLDER: keeps symbolic links as they are (busybox's applets, /bin).
pack_base() {
  (cd "$1" && find . -print0 | LC_ALL=C sort -z | cpio --quiet -o -0 -H newc -R 0:0)
}

prepare_base() {
  programs=$(command -v busybox ndctl daxctl)
  # shellcheck disable=SC2086 # the names are words
  key=$({ cat "$lib/init" "$lib/cache.sh" "$lib/copy.sh"; echo "$release"; stat -L -c '%n %s %Y' $programs; } | cksum | tr ' ' -)
  base=$cache/base-$key.cpio
  [ ! -s "$base" ] || return 0
  mkdir "$work/base" "$work/base-programs"
  base_tree "$work/base"
  base_programs "$work/base-programs"
  { pack_base "$work/base" && pack "$work/base-programs"; } >"$base.new" || give_up 126 "the guest's initramfs could not be written to $cache: is the disk full?"
  for old in "$cache"/base-*.cpio; do
    # A guest that is starting may still be reading another version's: leave those of the last hour.
    [ -z "$(find "$old" -mmin +60 2>/dev/null)" ] || rm -f "$old"
  done
  mv "$base.new" "$base"
  rm -rf "$work/base" "$work/base-programs"
}

prepare_cache() {
  mkdir -p "$cache" 2>/dev/null || :
  [ -w "$cache" ] || give_up 126 "$cache cannot be written: set XDG_CACHE_HOME to a folder of yours"
  exec 9>"$cache/lock"
  flock 9
  unpack_kernel
  for image in "$cache"/kernel/boot/vmlinuz-*; do
    kernel=$image
  done
  release=${kernel##*/vmlinuz-}
  modules=$cache/kernel/lib/modules/$release
  [ -d "$modules" ] || modules=$cache/kernel/usr/lib/modules/$release
  expand_kernel
  [ ! -s "$cache/kernel/vmlinux" ] || kernel=$cache/kernel/vmlinux
  prepare_base
  exec 9>&-
}
