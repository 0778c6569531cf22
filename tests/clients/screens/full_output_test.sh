#!/bin/sh
# full_output_test.sh: what cannot be written, because a disk is full or nobody has the descriptor open, is said where it can be, with an exit status; and
# a log that is full ends nobody's command.
here=$(cd "$(dirname "$0")/.." && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/lib.sh"
[ -c /dev/full ] || skip "there is no /dev/full here"
lost="daxemu: what was printed could not be written to standard output in full; make room, or send it elsewhere"

for words in "list" "list --json" "--version" "--help" "run --help" "completion bash"; do
  status=0
  # shellcheck disable=SC2086 # words
  "$daxemu" $words >/dev/full 2>err || status=$?
  same "$words on a full disk" "$status: $(cat err)" "125: $lost"
done
status=0
"$daxemu" list >&- 2>err || status=$?
same "list to nobody" "$status: $(cat err)" "125: $lost"
status=0
# shellcheck disable=SC2016 # for the inner shell
"$daxemu" run --region pmem,dimms=1,labels --size 64M -- sh -c '"$0" record >/dev/full' "$daxemu" 2>err || status=$?
same "record on a full disk" "$status: $(cat err)" "125: $lost"

# Nobody reads what is said: the status says it, and what goes on does.
status=0
"$daxemu" frobnicate 2>/dev/full || status=$?
same "a mistake that cannot be told" "$status" 125
status=0
"$daxemu" run --kernel 6.6 --size 64M -- sh -c 'ls /dev/dax0.0; exit 7' >out 2>/dev/full || status=$?
same "a note that cannot be told" "$status: $(cat out)" "7: /dev/dax0.0"
status=0
"$daxemu" run --size 64M --stats -- sh -c 'exit 3' 2>/dev/full || status=$?
same "counts that cannot be told" "$status" 3
status=0
"$daxemu" run --size 64M -- sh -c 'exit 4' >&- 2>&- <&- || status=$?
same "no standard descriptors" "$status" 4
nothing_runs
