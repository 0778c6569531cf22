# Which kernel the guest runs: by its name, from the right one of Debian's suites, or from files. Sourced by guest.
# Each kernel has a folder of its own in the cache; what is unpacked there, or linked, are its parts: Debian has a kernel in one
# package (linux-image) up to 6.18, in two (linux-binary, linux-modules) since.
# shellcheck shell=sh disable=SC2154

# The kernels that are known by name, and the suites to look in, in this order. A suite moves on: --kernel FILE is for what is in
# none any more.
kernel_table="6.1 bookworm-security bookworm
6.12 trixie bookworm-backports
7.2 forky trixie-backports sid
7.3 trixie-backports sid"

# suites_of NAME
suites_of() {
  printf '%s\n' "$kernel_table" | awk -v name="$1" '$1 == name { $1 = ""; print }'
}

# choose_kernel WORD: a name of the table, or a file of this machine. Sets kernel_name, or adds to kernel_files (one a line).
choose_kernel() {
  [ -z "$kernel_name" ] || give_up 2 "--kernel is given twice: one kernel at a time"
  if [ -n "$(suites_of "$1")" ]; then
    [ -z "$kernel_files" ] || give_up 2 "--kernel $1 stands beside files: give a name or files"
    kernel_name=$1
    return 0
  fi
  case $1 in
    *.deb) [ -f "$1" ] || give_up 2 "--kernel $1: no such file: check the path" ;;
    */* | .) [ -d "$1" ] || give_up 2 "--kernel $1: no such folder, and no .deb: check the path" ;;
    *) [ -d "$1" ] ||
         give_up 2 "--kernel '$1' is unknown: give $(printf '%s\n' "$kernel_table" | cut -d ' ' -f 1 | paste -s -d '|'), or .deb files or folders" ;;
  esac
  [ "$(printf '%s' "$kernel_files" | grep -c .)" -lt 2 ] ||
    give_up 2 "--kernel $1: a kernel is in one or two files: the image's and the modules'"
  kernel_files="$kernel_files$(realpath -- "$1")
"
}

# kernel_folder: where this kernel is kept.
kernel_folder() {
  if [ -z "$kernel_files" ]; then
    echo "$cache/kernel-$kernel_name"
    return 0
  fi
  echo "$cache/kernel-files-$(printf '%s' "$kernel_files" | while IFS= read -r file; do
    stat -c '%n %s %Y' -- "$file"
  done | cksum | tr ' ' -)"
}

mirror_of() {
  case $1 in
    *-security) echo "${DEBIAN_SECURITY_MIRROR:-http://deb.debian.org/debian-security}" ;;
    *) echo "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" ;;
  esac
}

# with_lists COMMAND WORDS...: with this machine's package lists, or with those of one suite, which are nobody else's.
with_lists() {
  tool=$1
  shift
  if [ "$suite" = "this-machine" ]; then
    "$tool" "$@"
  else
    "$tool" -o Dir::Etc::sourcelist="$folder/download/sources.list" -o Dir::Etc::sourceparts=/dev/null \
      -o Dir::State::lists="$folder/download/lists" -o Dir::State::status=/dev/null \
      -o Dir::Cache="$folder/download/cache" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= "$@"
  fi
}

# kernel_packages: those that hold the newest kernel of this name.
kernel_packages() {
  image=$(with_lists apt-cache pkgnames "linux-image-$kernel_name." 2>/dev/null |
    grep -E '^linux-image-[0-9][0-9.]*(-[0-9]+|\+[^-]*)?-amd64$' | sort -V | tail -n 1)
  [ -n "$image" ] || return 0
  parts=$(with_lists apt-cache depends "$image" 2>/dev/null | sed -n 's/^ *Depends: \(linux-binary-.*\|linux-modules-.*\)$/\1/p')
  printf '%s\n' "${parts:-$image}"
}

# download_kernel: one try, with the package lists that $suite stands for.
download_kernel() {
  packages=$(kernel_packages)
  [ -n "$packages" ] || { echo "there is no linux-image-$kernel_name in $suite" >"$folder/download/log"; return 1; }
  # shellcheck disable=SC2086 # names
  (cd "$folder/download" && with_lists apt-get download $packages >log 2>&1)
}

# fetch_kernel: the packages are in $folder then, unless somebody has put some there by hand.
fetch_kernel() {
  for package in "$folder"/*.deb; do
    [ ! -e "$package" ] || return 0
  done
  echo "guest: downloading Debian's kernel $kernel_name (70 to 130 MB, once) into $folder" >&2
  # The lists of a machine that has the kernel's own release need not be had twice.
  suites=$(suites_of "$kernel_name" | sed "s/^ *//")
  own=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release 2>/dev/null) || :
  case "$suites " in
    "$own "* | "$own-security "*) suites="this-machine $suites" ;;
  esac
  for suite in $suites; do
    rm -rf "$folder/download"
    mkdir -p "$folder/download/lists/partial"
    if [ "$suite" != "this-machine" ]; then
      echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(mirror_of "$suite") $suite main" >"$folder/download/sources.list"
      with_lists apt-get update >"$folder/download/log" 2>&1 || :
      # Lists of which only some are there are told by what apt says, not by its status.
      grep -e '^[EW]: ' "$folder/download/log" >"$folder/update.log" || : >"$folder/update.log"
    fi
    if download_kernel; then
      mv "$folder"/download/*.deb "$folder/"
      rm -rf "$folder/download" "$folder/update.log"
      return 0
    fi
  done
  give_up 126 "the kernel $kernel_name could not be downloaded ($(cat "$folder/update.log" "$folder/download/log" | grep -v '^W: Download' |
    head -n 1)): get a network and the package debian-archive-keyring, or give its packages by --kernel FILE"
}

# unpack_kernel: $folder/part.1 and perhaps part.2.
unpack_kernel() {
  [ ! -e "$folder/complete" ] || return 0
  rm -rf "$folder"/part.* "$folder/modules"
  if [ -n "$kernel_files" ]; then
    set_parts "$kernel_files"
  else
    fetch_kernel
    set_parts "$(printf '%s\n' "$folder"/*.deb)"
  fi
  find_image
  : >"$folder/complete"
  rm -f "$folder"/*.deb
}

# set_parts FILES: one a line.
set_parts() {
  number=0
  while IFS= read -r file; do
    [ -n "$file" ] || continue
    number=$((number + 1))
    if [ -d "$file" ]; then
      ln -s "$file" "$folder/part.$number"
    elif ! dpkg -x "$file" "$folder/part.$number" 2>"$work/dpkg"; then
      give_up 126 "$file cannot be unpacked ($(tail -n 1 "$work/dpkg")): delete it and start again"
    fi
  done <<END
$1
END
}

# find_image: sets image, release, and originals, the folder of its modules. Of several kernels in a folder, the newest.
find_image() {
  image=$(for file in "$folder"/part.*/boot/vmlinuz-* "$folder"/part.*/usr/lib/modules/*/vmlinuz "$folder"/part.*/lib/modules/*/vmlinuz; do
    [ ! -s "$file" ] || printf '%s\t%s\n' "$(release_of "$file")" "$file"
  done | sort -V | tail -n 1 | cut -f 2)
  [ -n "$image" ] || give_up 126 "there is no kernel image in $(parts_for_people): give the packages linux-image-*, or linux-binary-* and linux-modules-*"
  release=$(release_of "$image")
  originals=
  for place in "$folder"/part.*/usr/lib/modules/"$release" "$folder"/part.*/lib/modules/"$release"; do
    [ ! -d "$place/kernel" ] || originals=$place
  done
  [ -n "$originals" ] || give_up 126 "there are no modules of $release in $(parts_for_people): give the package linux-modules-$release too"
}
release_of() {
  case $1 in
    */boot/vmlinuz-*) echo "${1##*/vmlinuz-}" ;;
    *) basename -- "${1%/vmlinuz}" ;;
  esac
}
parts_for_people() {
  if [ -n "$kernel_files" ]; then
    printf '%s' "$kernel_files" | paste -s -d ' '
  else
    echo "Debian's packages of $kernel_name"
  fi
}

# expand_image: the kernel without its compression, which costs an emulated processor 2 to 3 seconds at every start; QEMU starts
# it through its PVH entry. An empty file means that this one cannot be expanded here, and is started as it is.
expand_image() {
  [ ! -e "$folder/vmlinux" ] || return 0
  for how in "xz \\xfd7zXZ\\x00" "zstd \\x28\\xb5\\x2f\\xfd"; do
    : >"$folder/vmlinux.new"
    offset=$(LC_ALL=C grep -m 1 -aboP "${how#* }" "$image" | head -n 1 | cut -d : -f 1)
    if [ -z "$offset" ] || ! command -v "${how%% *}" >/dev/null; then
      continue
    fi
    # What follows the compressed part makes the program complain at the end.
    tail -c +$((offset + 1)) "$image" | "${how%% *}" -dc >"$folder/vmlinux.new" 2>/dev/null || :
    # A note of type 18 (XEN_ELFNOTE_PHYS32_ENTRY) is the entry.
    if grep -qa 'Linux version' "$folder/vmlinux.new" && LC_ALL=C grep -qaP '\x12\x00\x00\x00Xen\x00' "$folder/vmlinux.new"; then
      break
    fi
    : >"$folder/vmlinux.new"
  done
  mv "$folder/vmlinux.new" "$folder/vmlinux"
}

# expand_modules NAMES: those of them that this kernel has as modules (others are built in, or no more), without compression, are in
# $folder/modules, under their names.
expand_modules() {
  [ "$(cat "$folder/modules/names" 2>/dev/null)" != "$*" ] || return 0
  rm -rf "$folder/modules.new" "$folder/modules"
  mkdir "$folder/modules.new"
  echo "$*" >"$folder/modules.new/names"
  for name in "$@"; do
    file=$(find "$originals/" -name "$name.ko" -o -name "$name.ko.xz" -o -name "$name.ko.zst" | head -n 1)
    case $file in
      '') ;;
      *.xz) xz -dc "$file" >"$folder/modules.new/$name.ko" || give_up 126 "$file cannot be read: delete $folder and start again" ;;
      *.zst) zstd -qdc "$file" >"$folder/modules.new/$name.ko" || give_up 126 "$file cannot be read: delete $folder, install zstd and start again" ;;
      *) cp "$file" "$folder/modules.new/$name.ko" ;;
    esac
  done
  mv "$folder/modules.new" "$folder/modules"
}
