#!/bin/sh
# What `daxemu list`, `list -v`, `list --cxl` and `doctor` show on a terminal of 80 columns (tmux): no line is longer, and nothing is broken by the
# terminal itself; in a pipe all is in full.   list.sh DAXEMU
set -eu
daxemu=$1
if ! command -v tmux >/dev/null 2>&1; then
  echo "SKIP: tmux is not installed (python-free-scripts/deps test)"
  exit 77
fi
home=$(mktemp -d /dev/shm/daxemu-list-XXXXXX)
server="daxemu-list-$$"
export DAXEMU_HOME="$home"
unset DAXEMU_PLATFORM NO_COLOR || :
term() { tmux -L "$server" -f /dev/null "$@"; }
name=of-32-letters-0123456789-0123456
cleanup() {
  term kill-server 2>/dev/null || :
  "$daxemu" destroy "$name" >/dev/null 2>&1 || :
  "$daxemu" destroy bus >/dev/null 2>&1 || :
  rm -rf "$home"
}
trap cleanup EXIT
fail() {
  echo "FAIL: $1"
  exit 1
}
"$daxemu" create "$name" --size 64M --align 4K >/dev/null
"$daxemu" create bus --region cxl --ways 4 --size 1G --backing shmem >/dev/null

# shown COMMAND: what a terminal of 80 columns and 200 lines has at its end; lines that the terminal has broken are one (-J).
shown() {
  session=$(printf %s "$1" | tr " " _)
  term new-session -d -s "$session" -x 80 -y 200 "$daxemu $1; echo 'the end'; sleep 60"
  tries=0
  until term capture-pane -p -t "$session" | grep -q '^the end$'; do
    tries=$((tries + 1))
    [ "$tries" -lt 600 ] || fail "$1 does not end"
    sleep 0.1
  done
  term capture-pane -J -p -t "$session" | sed 's/ *$//'
}
for command in list 'list -v' 'list --cxl' 'list --tree' doctor; do
  text=$(shown "$command")
  long=$(printf '%s\n' "$text" | awk 'length > 80 && !/[/]/') # a path longer than a line stays in one piece
  [ -z "$long" ] || fail "$command has lines of more than 80 characters: $long"
  [ "$command" != list ] || printf '%s\n' "$text" | grep -q '^shmem (extents of 4K need small pages)$' || fail "no reason below the table: $text"
done
"$daxemu" list >"$home/piped"
grep -q "^dax0.0 .* $name shmem (extents of 4K need small pages)\$" "$home/piped" || fail "not in full in a pipe: $(cat "$home/piped")"
echo "all fit"
