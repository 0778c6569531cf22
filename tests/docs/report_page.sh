#!/bin/sh
# `daxemu report` of a real program, from a command and from a trace: a page that names what happened, loads nothing, and
# that a browser draws.   report_page.sh DAXEMU TOUCHING_PROGRAM
set -eu
daxemu=$1 touching=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
unset DAXEMU_PLATFORM || :

"$daxemu" report --size 64M --backing shmem --mode emulate -o run.html -- "$touching" /dev/dax0.0 2097152 0 >said 2>&1
"$daxemu" trace --size 64M --backing shmem --mode emulate -o t.json -- cat /sys/bus/dax/devices/dax0.0/size >size
[ "$(cat size)" = 67108864 ]
"$daxemu" report t.json -o trace.html
# A second run, beside the first as a page, and beside a trace; each process has its name although it has ended, a child that only forked that of its
# parent; a write that is refused is on the time line.
"$daxemu" report --against run.html --size 64M --backing shmem --mode emulate -o second.html -- \
  sh -c "echo nonsense >/sys/bus/dax/drivers/device_dax/unbind; $touching /dev/dax0.0 2097152 0 fork 7" >said 2>&1
"$daxemu" report --against t.json --size 64M --backing shmem --mode emulate -o refused.html -- \
  sh -c 'echo nonsense >/sys/bus/dax/drivers/device_dax/unbind' 2>said || :
has() { grep -qF -- "$2" "$1" || { echo "$1 does not say $2"; exit 1; }; }
has run.html '<td>touching_progra</td>'
[ "$(grep -c '<td>touching_progra</td>' second.html)" -eq 2 ] || { echo "second.html does not name both processes"; exit 1; }
has second.html '<h2>Compared</h2>'
has second.html 'Before: <code>'
has second.html '<td>dax0.0: touched</td><td class="n">2M</td><td class="n">4M</td><td class="n">x 2</td>'
has refused.html '<h2>Compared</h2>'
has refused.html '-&gt; ENODEV'
has refused.html 'class="text warn"'
status=0
"$daxemu" report --against size -o no.html -- true 2>said || status=$?
[ "$status" -eq 125 ] || { echo "beside what is no report: exit status $status"; exit 1; }
has said '--against size is neither a report nor a trace'
[ ! -e no.html ] || { echo "a refused report left a file"; exit 1; }
for page in run.html trace.html second.html refused.html; do
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
# As wide as a screen, and as a telephone.
for width in 1200 400; do
  timeout 100 "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$work/profile" --window-size=$width,1400 \
    --screenshot="$work/page-$width.png" "file://$work/second.html" >said 2>&1 || { tail -5 said; exit 1; }
  [ "$(wc -c <page-$width.png)" -gt 20000 ] || { echo "at $width pixels the browser drew next to nothing"; exit 1; }
  echo "at $width pixels a browser drew $(wc -c <page-$width.png) bytes"
done
[ -z "${KEEP:-}" ] || cp ./*.png ./*.html "$KEEP"
