#!/bin/sh
# `daxemu report` of a real program, from a command and from a trace: a page that names what happened, loads nothing, and
# that a browser draws.   report_page.sh DAXEMU
set -eu
daxemu=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
unset DAXEMU_PLATFORM || :

"$daxemu" report --size 64M --backing shmem --mode emulate -o run.html -- dd if=/dev/zero of=/dev/dax0.0 bs=2M count=1 2>said || :
"$daxemu" trace --size 64M --backing shmem --mode emulate -o t.json -- cat /sys/bus/dax/devices/dax0.0/size >size
[ "$(cat size)" = 67108864 ]
"$daxemu" report t.json -o trace.html
for page in run.html trace.html; do
  grep -q '</html>' "$page" || { echo "$page is cut short"; exit 1; }
  if grep -oE '(https?:|src=|href=|url\(|@import)[^<]*' "$page"; then
    echo "$page wants something from elsewhere"
    exit 1
  fi
done
status=0
"$daxemu" report size -o no.html 2>said || status=$?
[ "$status" -eq 125 ] || { echo "a file that is no trace: exit status $status"; exit 1; }
grep -q 'give a file that daxemu trace wrote' said || { cat said; exit 1; }
[ ! -e no.html ] || { echo "a refused report left a file"; exit 1; }

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || {
  echo "SKIP: the pages hold what they should; no chromium is installed, nobody looked at them as a browser does"
  exit 77
}
timeout 60 "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$work/profile" --window-size=1200,1400 \
  --screenshot="$work/page.png" "file://$work/run.html" >said 2>&1 || { tail -5 said; exit 1; }
[ "$(wc -c <page.png)" -gt 20000 ] || { echo "the browser drew next to nothing"; exit 1; }
echo "a browser drew $(wc -c <page.png) bytes"
