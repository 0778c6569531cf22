# The base initramfs of a kernel, made once and kept in its folder of the cache. Sourced by guest.
# Everything is made beside its place and renamed into it, under a lock: a run that was cut off leaves nothing half done, the next
# one goes on from the last finished step, and two guests started together do not disturb each other.
# shellcheck shell=sh disable=SC2154,SC2034

# The order is the order of insmod: virtio for the channels to the host, then the nd and dax buses.
boot_modules="virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci virtio_console
  libnvdimm nd_btt nd_pmem device_dax dax_pmem nfit nd_e820 dax_hmem"
# Other drivers of the dax bus, loaded when device_dax has dax0.0. Since 6.3 a soft-reserved device is kmem's where kmem is there
# (dax_match_type), and would be ordinary memory by now.
late_modules="kmem fsdev_dax"
# There for modprobe, not loaded. crc32c_generic is built into newer kernels.
more_modules="crc32c_generic crc16 mbcache jbd2 ext4 loop"

need_tools() {
  own_qemu="qemu-system-x86_64:qemu-system-x86 "
  [ "$region" != cxl ] || own_qemu=
  missing=
  for tool in ${own_qemu}busybox:busybox-static cpio:cpio depmod:kmod ndctl:ndctl daxctl:daxctl \
    dpkg:dpkg apt-get:apt flock:util-linux ldd:libc-bin timeout:coreutils xz:xz-utils; do
    command -v "${tool%%:*}" >/dev/null || missing="$missing ${tool##*:}"
  done
  [ -z "$missing" ] || give_up 126 "this machine lacks$missing: run $here/deps test, or apt-get install$missing"
  case $(LC_ALL=C ldd "$(command -v busybox)" 2>&1) in
    *'not a dynamic executable'* | *'statically linked'*) ;;
    *) give_up 126 "$(command -v busybox) is not static: apt-get install busybox-static" ;;
  esac
}

# stage_modules FOLDER: into the guest, with lists of what its init loads.
stage_modules() {
  mkdir -p "$1/usr/lib/modules/$release/kernel"
  cp "$folder"/modules/*.ko "$1/usr/lib/modules/$release/kernel/"
  for name in modules.builtin modules.order modules.builtin.modinfo; do
    [ ! -e "$originals/$name" ] || cp "$originals/$name" "$1/usr/lib/modules/$release/"
  done
  depmod -b "$1" "$release" 2>/dev/null
  for list in boot late; do
    eval "names=\$${list}_modules"
    for name in $names; do
      [ ! -e "$folder/modules/$name.ko" ] || echo "/lib/modules/$release/kernel/$name.ko"
    done >"$1/guest/$list-modules"
  done
}

# base_tree FOLDER: what every guest has.
base_tree() {
  mkdir -p "$1/usr/bin" "$1/usr/sbin" "$1/usr/lib" "$1/usr/lib64" "$1/dev" "$1/proc" "$1/sys" "$1/run" "$1/tmp" "$1/root" \
    "$1/etc" "$1/var/tmp" "$1/guest"
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
  stage_modules "$1"
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
  key=$({ cat "$lib/init" "$lib/cache.sh" "$lib/copy.sh"; stat -L -c '%n %s %Y' $programs; } | cksum | tr ' ' -)
  base=$folder/base-$key.cpio
  [ ! -s "$base" ] || return 0
  mkdir "$work/base" "$work/base-programs"
  base_tree "$work/base"
  base_programs "$work/base-programs"
  { pack_base "$work/base" && pack "$work/base-programs"; } >"$base.new" ||
    give_up 126 "the guest's initramfs could not be written to $folder: is the disk full?"
  for old in "$folder"/base-*.cpio; do
    # A guest that is starting may still be reading another version's: leave those of the last hour.
    [ -z "$(find "$old" -mmin +60 2>/dev/null)" ] || rm -f "$old"
  done
  mv "$base.new" "$base"
  rm -rf "$work/base" "$work/base-programs"
}

prepare_cache() {
  mkdir -p "$cache" 2>/dev/null || :
  [ -w "$cache" ] || give_up 126 "$cache cannot be written: set XDG_CACHE_HOME to a folder of yours"
  folder=$(kernel_folder)
  mkdir -p "$folder"
  exec 9>"$folder/lock"
  flock 9
  unpack_kernel
  find_image
  expand_image
  # shellcheck disable=SC2086 # the names are words
  expand_modules $boot_modules $late_modules $cxl_modules $more_modules
  kernel=$image
  [ ! -s "$folder/vmlinux" ] || kernel=$folder/vmlinux
  prepare_base
  exec 9>&-
}
