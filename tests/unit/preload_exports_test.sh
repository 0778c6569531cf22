#!/bin/sh
# preload_exports_test.sh LIBRARY: the preload library exports nothing but what it interposes: not a symbol of ours, of Boost or
# of libstdc++ may end up in front of a program's own.
set -u
library=$1
libc=$(ldd "$library" | awk '$1 == "libc.so.6" { print $3 }')
[ -n "$libc" ] || { echo "no libc.so.6 behind $library"; exit 1; }
work=$(mktemp -d "${TMPDIR:-/tmp}/exports.XXXXXX")
trap 'rm -rf "$work"' EXIT
# What other objects can be bound to: defined and of default visibility.
names() {
  readelf -W --dyn-syms "$1" | awk '$5 != "LOCAL" && $6 == "DEFAULT" && $7 != "UND" { print $8 }' | sed 's/@.*//' | sort -u
}
names "$library" >"$work/ours"
# And what enters the kernel by itself: libnuma's, libaio's, liburing's requests and registrations, libibverbs' of memory.
uring="register register_buffers register_buffers_tags register_buffers_update_tag unregister_buffers queue_exit
submit submit_and_get_events submit_and_wait submit_and_wait_timeout register_files register_files_tags
register_files_update register_files_update_tag setup enter enter2"
{ names "$libc"; printf '%s\n' mbind move_pages get_mempolicy io_submit io_destroy ibv_reg_mr ibv_reg_mr_iova ibv_reg_mr_iova2 ibv_dereg_mr
  # shellcheck disable=SC2086 # words
  printf 'io_uring_%s\n' $uring; } | sort >"$work/libc"
[ "$(wc -l <"$work/ours")" -gt 150 ] || { echo "only $(wc -l <"$work/ours") symbols: is this the library?"; exit 1; }
leaked=$(comm -23 "$work/ours" "$work/libc")
[ -z "$leaked" ] || { echo "exported, but not theirs:"; echo "$leaked"; exit 1; }
