#!/bin/sh
# supervised_static: static programs of other languages and C libraries, answered from outside: Rust (Debian has its std for glibc
# only, and so it is linked to that; for musl where rustc has it), C with musl.
#   supervised_static_test.sh OWN_CALLS_SOURCE
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
source=$1
tested=""
run() {
  status_of "$daxemu" run --size 64M --backing shmem --intercept "$@"
}
run kernel -- true
case $err in
  *'the kernel does not tell of system calls'*) skip "$err" ;;
esac

# is_static FILE: nothing is loaded with it.
is_static() {
  ! readelf -l "$1" | grep -q INTERP || fail "$1 is not static"
}

# rust TARGET: builds and runs it for one.
rust() {
  mkdir -p "$1"
  if ! rustc --edition 2021 -O --target "$1" -C target-feature=+crt-static -o "$1/program" "$here/programs/rust_program.rs" >rust_errors 2>&1; then
    grep -qE "can't find crate for .(std|core)" rust_errors || fail "rustc for $1: $(cat rust_errors)"
    return 0
  fi
  is_static "$1/program"
  for how in auto kernel; do
    run $how -- "$1/program"
    same "exit status of Rust for $1, --intercept $how: $err" "$status" 0
    same "Rust for $1, --intercept $how" "$out" "device dax0.0
size 67108864
character device true 20600
open one true
write Some(22)
page Some(22)
sum 7168
munmap of a page -1
munmap 0"
  done
  # shellcheck disable=SC2016 # for that shell
  run auto -- sh -c '"$0" | tail -n 1' "$1/program"
  same "Rust for $1 that a shell starts" "$out" "munmap 0"
  tested="$tested $1"
}
if command -v rustc >/dev/null && rustc --version >/dev/null 2>&1; then
  rust x86_64-unknown-linux-gnu
  rust x86_64-unknown-linux-musl
fi

if command -v musl-gcc >/dev/null; then
  musl-gcc -static -O2 -D_GNU_SOURCE -Dstrerrorname_np=strerror -o musl_program "$source" -lpthread >musl_errors 2>&1 || fail "musl-gcc: $(cat musl_errors)"
  is_static musl_program
  for how in auto kernel; do
    run $how -- ./musl_program /dev/dax0.0 /sys/bus/dax/devices/dax0.0/align
    same "exit status of a program of musl: $err" "$status" 0
    matches "a program of musl" "$out" '^sum: 261120$'
    matches "munmap of a page" "$out" '^munmap of a page: -Invalid argument$'
    matches "its child" "$out" '^child: 0, its byte: 77$'
    matches "an attribute" "$out" '^attribute: 2097152$'
  done
  tested="$tested musl"
fi
nothing_runs
[ -n "$tested" ] || skip "neither rustc nor musl-gcc is installed (python-free-scripts/deps test third-party)"
echo "answered from outside:$tested"
