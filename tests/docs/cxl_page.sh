#!/bin/sh
# The walk on the page of CXL (runtime/docs/cxl.md, its block marked console) is what stock cxl and daxctl say: typed line by line in
# one `daxemu run --region cxl --no-device --size 1G`. Addresses are this machine's. The files on the page are those of tests/examples/cxl.
#   cxl_page.sh DAXEMU PAGE DAXCTL-RELEASE EXAMPLES [--record]      --record: writes the walk anew
set -eu
daxemu=$1 page=$2 examples=$4
unset DAXEMU DAXEMU_KERNEL DAXEMU_PLATFORM || :
export LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
folder=$("$3" 81 2>"$work/refused") || { echo "SKIP: $(tail -n 1 "$work/refused")"; exit 77; }
[ -x "$folder/bin/cxl" ] || { echo "SKIP: there is no cxl 81 here"; exit 77; }
PATH=$folder/bin:$(dirname "$daxemu"):$PATH
export PATH

awk '/^```console$/ { inside = 1; next } /^```/ { inside = 0 } inside' "$page" >"$work/expected"
sed -n 's/^\$ //p' "$work/expected" >"$work/typed"
grep -c . "$work/typed" >/dev/null || { echo "FAIL: $page has no walk"; exit 1; }
cat >"$work/play" <<'END'
while IFS= read -r line; do
  printf '$ %s\n' "$line"
  eval "$line" 2>&1 </dev/null
done <"$1"
END
(cd "$work" && "$daxemu" run --region cxl --no-device --size 1G -- sh ./play typed) >"$work/said" || { cat "$work/said"; exit 1; }
if [ "${5:-}" = --record ]; then
  awk -v said="$work/said" '
    /^```console$/ { print; while ((getline line < said) > 0) print line; inside = 1; next }
    /^```/ { inside = 0 }
    !inside' "$page" >"$work/page"
  cp "$work/page" "$page"
  exit 0
fi
# Where the machine has memory of its own, windows begin higher.
comparable() { sed -E 's/("resource":|"start":|"end":)"?[0-9a-fx]+"?/\1ADDRESS/' "$1"; }
comparable "$work/expected" >"$work/a"
comparable "$work/said" >"$work/b"
diff -u "$work/a" "$work/b" || { echo "FAIL: the page does not say what cxl says"; exit 1; }

# Each file of the examples is named by the page, and the one that it shows is as it shows it.
for file in "$examples"/*.json; do
  grep -q "${file##*/}" "$page" || { echo "FAIL: $page does not name ${file##*/}"; exit 1; }
done
awk '/^```json$/ { inside = 1; next } /^```/ { inside = 0 } inside' "$page" | diff -u - "$examples/two-hosts.json" ||
  { echo "FAIL: the file on the page is not two-hosts.json"; exit 1; }
