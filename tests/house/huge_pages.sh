#!/bin/sh
# Proves that two who borrow huge pages at once, each begun and ended when it likes, do not take them from each other,
# and that the pool is in the end what it was. The pool is a folder with the kernel's file names, in which nobody makes
# any page free.
#   huge_pages.sh WITH-HUGE-PAGES
set -eu
command -v flock >/dev/null || { echo "SKIP: no flock(1)"; exit 77; }
with_huge_pages=$1
pool=$(mktemp -d)
trap 'rm -rf "$pool"' EXIT
DAXEMU_HUGE_PAGE_POOL=$pool
export DAXEMU_HUGE_PAGE_POOL
echo 5 >"$pool/nr_hugepages"
echo 3 >"$pool/free_hugepages"
echo 1 >"$pool/resv_hugepages"

fail() {
  echo "$1: the pool has $(cat "$pool/nr_hugepages")"
  exit 1
}
# wait_for FILE
wait_for() {
  for _ in $(seq 200); do
    [ ! -e "$1" ] || return 0
    sleep 0.05
  done
  fail "$1 did not come"
}
pool_is() {
  [ "$(cat "$pool/nr_hugepages")" -eq "$1" ] || fail "$2, expected $1"
}
# shellcheck disable=SC2016 # by the other shell
until_told='touch "$0.runs"; until [ -e "$0.end" ] || [ ! -e "$0.runs" ]; do sleep 0.05; done'

"$with_huge_pages" 2 true
pool_is 5 "enough was free"

"$with_huge_pages" 10 sh -c "$until_told" "$pool/first" &
first=$!
wait_for "$pool/first.runs"
pool_is 13 "two of ten were there"
echo 11 >"$pool/free_hugepages"
"$with_huge_pages" 10 sh -c "$until_told" "$pool/second" &
second=$!
wait_for "$pool/second.runs"
pool_is 23 "what the first got is not the second's"
touch "$pool/first.end"
wait "$first"
pool_is 15 "the first has ended"
kill -TERM "$second"
wait "$second" && fail "a stopped one ends well"
pool_is 5 "both have ended"
touch "$pool/second.end"

echo 3 >"$pool/free_hugepages"
"$with_huge_pages" 10 true
pool_is 5 "nobody has any"
