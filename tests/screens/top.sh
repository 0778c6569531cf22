#!/bin/sh
# What `daxemu top` shows on real terminals (tmux), 80x24 and wide, in colour and without, while a process comes and
# goes and the window changes its size.   top.sh DAXEMU MARK_EXTENTS
set -eu
daxemu=$1
mark=$2
if ! command -v tmux >/dev/null 2>&1; then
  echo "SKIP: tmux is not installed (python-free-scripts/deps test)"
  exit 77
fi

home=$(mktemp -d /dev/shm/daxemu-top-XXXXXX)
server="daxemu-top-$$"
export DAXEMU_HOME="$home"
# Every top names its platform: those that other tests run at the same time are this user's too.
unset DAXEMU_PLATFORM NO_COLOR || :
term() { tmux -L "$server" -f /dev/null "$@" 9>&-; } # its server must not hold the writing end of `hold`
cleanup() {
  exec 9>&- || :
  term kill-server 2>/dev/null || :
  rm -rf "$home"
}
trap cleanup EXIT

faults=0
screen() { term capture-pane -p -t "$1"; }
# wait_for PANE PATTERN: until the pane shows it, 20 s at most
wait_for() {
  tries=0
  until screen "$1" | grep -qE -- "$2"; do
    tries=$((tries + 1))
    if [ "$tries" -gt 200 ]; then
      printf 'FAIL: pane %s never shows /%s/; it shows:\n' "$1" "$2"
      screen "$1"
      faults=$((faults + 1))
      return 0
    fi
    sleep 0.1
  done
  printf 'ok: pane %s shows /%s/\n' "$1" "$2"
}

"$daxemu" create shown --size 4G --align 2M --backing shmem
mkfifo "$home/hold"
"$mark" shown <"$home/hold" >"$home/marked" &
exec 9>"$home/hold"
until grep -q marked "$home/marked"; do sleep 0.05; done

# 80x24, colour.
term new-session -d -s small -x 80 -y 24 "TERM=screen-256color $daxemu top --platform shown --interval 0.2; sleep 60"
wait_for small '^daxemu top  platform shown  engine auto  1 device  1 process  up 0:00:'
wait_for small '^dax0\.0 +4G +2M shmem +0 +512 +513 +255 +1 +1$'
wait_for small '^dax0\.0: 2048 extents of 2M, [0-9]+ in a cell; 0 mapped, 0 SIGBUS$'
wait_for small '^ +0 P\*+'
wait_for small 'X$'
wait_for small '^ +[0-9]+ mark_extents +handler +0 +0$'
wait_for small '^q quit'
if term capture-pane -e -p -t small | grep -q "$(printf '\033')\[[0-9;]*45m"; then
  echo "ok: pinned extents are in colour"
else
  echo "FAIL: no colour"
  faults=$((faults + 1))
fi

# Wide, without colour.
term new-session -d -s wide -x 200 -y 50 "NO_COLOR=1 TERM=screen-256color $daxemu top --platform shown --interval 0.2; sleep 60"
wait_for wide '^dax0\.0: 2048 extents of 2M; 0 mapped'
wait_for wide '^ +0 P\*{190}$'
if term capture-pane -e -p -t wide | grep -qE "$(printf '\033')\[([0-9]+;)*(3[0-7]|4[0-7])(;[0-9]+)*m"; then
  echo "FAIL: colour in spite of NO_COLOR"
  faults=$((faults + 1))
fi
term resize-window -t wide -x 60 -y 15
wait_for wide '^dax0\.0: 2048 extents of 2M, [0-9]+ in a cell'

# The process leaves; then the platform goes.
exec 9>&-
wait
wait_for small 'no process uses it'
term send-keys -t small p
wait_for small 'PAUSED'
term send-keys -t small p
"$daxemu" destroy shown
wait_for small '^daxemu: the platform shown has ended'

# Not on a terminal.
"$daxemu" create shown --size 64M --backing shmem
if "$daxemu" top --platform shown </dev/null >"$home/out" 2>&1; then
  echo "FAIL: top ran without a terminal"
  faults=$((faults + 1))
fi
grep -q 'use --once' "$home/out" || { cat "$home/out"; faults=$((faults + 1)); }
COLUMNS=80 LINES=24 "$daxemu" top --platform shown --once >"$home/out"
grep -q '^dax0.0: 32 extents of 2M; 0 mapped, 0 SIGBUS$' "$home/out" || { cat "$home/out"; faults=$((faults + 1)); }
"$daxemu" top --platform shown --json | grep -q '"untouched": 32' || faults=$((faults + 1))
"$daxemu" destroy shown
[ "$faults" -eq 0 ]
