#!/bin/sh
# The page of what changed between kernels cannot be made where something is missing: a row that changed and is of no kind,
# a kind that no row is of, a kernel that was not asked, a row that one of them lacks.
#   kernels_page.sh AWK-PROGRAM KINDS GOLDEN-FOLDER
set -eu
program=$1 kinds=$2 golden=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
faults=0

# page: what is made of the goldens and kinds in $work, in $work/page; what it says otherwise in $work/said.
page() {
  LC_ALL=C awk -f "$program" "$work/kinds.tsv" "$work"/golden/linux-6.1/*.tsv "$work"/golden/linux-6.12/*.tsv \
    "$work"/golden/linux-7.3/*.tsv >"$work/page" 2>"$work/said"
}
begin() {
  rm -rf "$work/golden"
  mkdir "$work/golden"
  for kernel in 6.1 6.12 7.3; do
    mkdir "$work/golden/linux-$kernel"
    cp "$golden/linux-$kernel"/*mem-??.tsv "$work/golden/linux-$kernel"
  done
  cp "$kinds" "$work/kinds.tsv"
}
# fails WHAT PATTERN
fails() {
  if page; then
    echo "FAIL: $1 is not noticed"
    faults=1
  elif ! grep -qE -- "$2" "$work/said"; then
    echo "FAIL: $1 is not named: no line matches $2 in"
    cat "$work/said"
    faults=1
  else
    echo "ok: $(grep -E -m 1 -- "$2" "$work/said")"
  fi
}

begin
page || { echo "FAIL: the page as it is"; cat "$work/said"; exit 1; }
changed=$(sed -n 's/^\([0-9]*\) of [0-9]* behaviours answer otherwise.*/\1/p' "$work/page")
[ "${changed:-0}" -ge 20 ] || { echo "FAIL: only '$changed' rows changed"; faults=1; }

row=open.rdonly.flag=none
file=$work/golden/linux-7.3/hmem-2M.tsv
sed "s/^$row	.*/$row	errno=EPERM/" "$golden/linux-7.3/hmem-2M.tsv" >"$file"
fails "a row of no kind" "row $row changed and is of no kind"

begin
sed -i '/^uring\./d' "$work/kinds.tsv"
fails "a kind taken away" 'row uring\.register-buffers changed and is of no kind'

begin
printf 'no.such.row*\tNothing\tDo nothing.\n' >>"$work/kinds.tsv"
fails "a kind of no row" "of the kind 'Nothing'"

begin
printf 'uring.fixed\tNo advice\t\n' >>"$work/kinds.tsv"
fails "a kind without advice" 'not rows, kind and what to do'

begin
rm "$work/golden/linux-6.12/pmem-4K.tsv"
fails "a kernel that was not asked" '6\.12 was not asked of pmem-4K'

begin
sed "/^$row	/d" "$golden/linux-7.3/hmem-2M.tsv" >"$file"
fails "a row that is not there" "row $row is missing in 7\\.3 on hmem-2M"

# A row that changes back and forth is told of twice.
begin
page
# shellcheck disable=SC2016 # Markdown's
grep -q '^| `smaps\.accounting` .* | Rss=\[0 kB\].* | Rss=\[2048 kB\]' "$work/page" || { echo "FAIL: smaps.accounting has changed twice"; faults=1; }
[ "$faults" -eq 0 ]
