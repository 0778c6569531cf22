# A guest with a CXL bus: which QEMU, what hangs on the bus, the programs that ask it. Sourced by guest.
# shellcheck shell=sh disable=SC2154,SC2034

# Loaded in this order, which 7.3 needs (its cxl_acpi uses cxl_pmem), the last one with care (see init).
cxl_modules="cxl_pmem cxl_acpi cxl_mem dax_cxl cxl_pci"

# new_enough FILE: whether this QEMU has volatile CXL memory.
new_enough() {
  "$1" --version 2>/dev/null | sed -n 's/.*version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p' | {
    read -r major minor || return 1
    [ "$major" -gt 8 ] || { [ "$major" -eq 8 ] && [ "$minor" -ge 1 ]; }
  }
}

# qemu_of_root FOLDER: a program that starts the QEMU of a Debian in FOLDER (clean-root --keep), by that Debian's own loader.
qemu_of_root() {
  [ -x "$1/usr/bin/qemu-system-x86_64" ] && [ -x "$1/lib64/ld-linux-x86-64.so.2" ] || return 1
  libraries=$1/usr/lib/x86_64-linux-gnu
  {
    echo '#!/bin/sh'
    printf 'exec '
    for word in "$1/lib64/ld-linux-x86-64.so.2" --library-path "$libraries:$libraries/pulseaudio" "$1/usr/bin/qemu-system-x86_64" \
      -L "$1/usr/share/qemu" -L "$1/usr/share/seabios"; do
      quoted "$word" | sed '$s/$/ \\/'
    done
    echo '"$@"'
  } >"$work/run-qemu"
  chmod 755 "$work/run-qemu"
  echo "$work/run-qemu"
}

# find_qemu: this machine's, or that of a Debian that clean-root has made, if it is new enough.
find_qemu() {
  for candidate in qemu-system-x86_64 "$cache"/roots/*; do
    [ ! -d "$candidate" ] || candidate=$(qemu_of_root "$candidate") || continue
    if new_enough "$candidate"; then
      qemu=$candidate
      return 0
    fi
  done
  have=$(qemu-system-x86_64 --version 2>/dev/null | sed -n 's/.*version \([0-9.]*\).*/\1/p')
  give_up 126 "--region cxl wants QEMU 8.1 or later, for volatile CXL memory, and this machine has ${have:-none}: take \
qemu-system-x86 of Debian 13 or of bookworm-backports, or put a Debian 13 with it into $cache/roots/trixie"
}

# stage_cxl_tools: cxl, daxctl and ndctl of one release, first in the guest's PATH.
stage_cxl_tools() {
  tools=$("$here/daxctl-release" "$cxl_release") || exit
  for name in bin lib; do
    stage_copy "$tools/$name"
  done
  stage_variable "PATH=$tools/bin:/usr/bin:/usr/sbin:/bin:/sbin"
}

# add_words WORDS...
add_words() {
  cxl_words="$cxl_words $*"
}

# backed KIND NAME SIZE: memory for a device; what is persistent is a file, as it would be where it persists.
backed() {
  if [ "$1" = ram ]; then
    add_words "-object memory-backend-ram,id=$2,share=on,size=$3"
  else
    truncate -s "$3" "$work/$2"
    add_words "-object memory-backend-file,id=$2,share=on,mem-path=$work/$2,size=$3"
  fi
}

# memdev SERIAL PLACE KIND SIZE: below a root port of a bridge, or a port of a switch. Slots are numbered by the serial number, ports
# by their order at their place.
memdev() {
  eval "port=\${ports_$2:-0} kind=\$kind_$2"
  eval "ports_$2=$((port + 1))"
  case $kind in
    bridge) add_words "-device cxl-rp,port=$port,bus=$2,id=port$1,chassis=0,slot=$1" ;;
    switch) add_words "-device cxl-downstream,port=$port,bus=$2,id=port$1,chassis=0,slot=$1" ;;
  esac
  words=
  if [ "$3" != pmem ]; then
    backed ram "ram$1" "$4"
    words=,volatile-memdev=ram$1
  fi
  if [ "$3" != ram ]; then
    backed pmem "pmem$1" "$4"
    backed pmem "labels$1" 1M
    words=$words,persistent-memdev=pmem$1,lsa=labels$1
  fi
  add_words "-device cxl-type3,bus=port$1,id=memdev$1,sn=$1$words"
}

# read_topology NAME: sets cxl_words and cxl_machine from guest.d/cxl/NAME.
read_topology() {
  cxl_machine=q35,cxl=on cxl_words='' windows=0
  while read -r what one two three four; do
    case $what in
      bridge)
        eval "kind_$one=bridge"
        add_words "-device pxb-cxl,bus_nr=$two,bus=pcie.0,id=$one" ;;
      switch) # below a root port of a bridge
        eval "kind_$one=switch port=\${ports_$two:-0}"
        eval "ports_$two=$((port + 1))"
        add_words "-device cxl-rp,port=$port,bus=$two,id=above_$one,chassis=0,slot=$((100 + port))"
        add_words "-device cxl-upstream,bus=above_$one,id=$one" ;;
      window)
        target=0
        for bridge in $(printf '%s\n' "$two" | tr , ' '); do
          cxl_machine=$cxl_machine,cxl-fmw.$windows.targets.$target=$bridge
          target=$((target + 1))
        done
        cxl_machine=$cxl_machine,cxl-fmw.$windows.size=$one${three:+,cxl-fmw.$windows.interleave-granularity=$three}
        windows=$((windows + 1)) ;;
      memdev) memdev "$one" "$two" "$three" "$four" ;;
    esac
  done <"$lib/cxl/$1"
}

# prepare_cxl: before the machine is run.
prepare_cxl() {
  read_topology "$topology"
  for name in $cxl_modules; do
    [ ! -e "$folder/modules/$name.ko" ] || echo "/lib/modules/$release/kernel/$name.ko"
  done >"$work/root/guest/cxl-modules"
}
