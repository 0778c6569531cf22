#!/bin/sh
# The runs of `daxemu run --kernel all` on the page of what changed between kernels (every-kernel.md, which
# python-free-scripts/pages puts there) are what these programs do. Counts of faults are compared by whether there are any:
# they go by the programs' versions and by what this machine allows.
#   every_kernel.sh DAXEMU URING_BUFFER [--record]      --record: writes every-kernel.md anew
# shellcheck disable=SC2016 # the fences of code blocks, and awk's $
set -eu
here=$(cd "$(dirname "$0")" && pwd -P)
daxemu=$1
example=$2
unset DAXEMU DAXEMU_KERNEL DAXEMU_PLATFORM || :
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
missing=''

cat >job.fio <<'END'
[verified]
ioengine=dev-dax
filename=/dev/dax0.0
rw=randwrite
bs=4k
size=64m
verify=crc32c
END
cp "$example" uring_buffer

# shown WHAT TOOL WORDS...: runs `daxemu run --kernel all WORDS` and prints it with its table, as the page has it.
shown() {
  what=$1 tool=$2
  shift 2
  if ! command -v "$tool" >/dev/null 2>&1; then
    missing="$missing $tool"
    return 0
  fi
  words=''
  for word in "$@"; do
    case $word in
      *[!A-Za-z0-9_./=-]*) words="$words '$word'" ;;
      *) words="$words $word" ;;
    esac
  done
  status=0
  "$daxemu" run --kernel all --output table "$@" </dev/null >out 2>err || status=$?
  printf '%s\n\n```\n$ daxemu run --kernel all%s\n' "$what" "$words"
  sed '1d;$d' table
  printf '```\n\nExit status %d.\n\n' "$status"
}

# Without the section WHAT begins, for a tool that is not here; and with counts of faults as none or some.
comparable() {
  awk -v missing="$missing" '
    /^[A-Z].*:$/ { left_out = 0; split(missing, tool, " "); for (at in tool) if (index($0, "`" tool[at] "`")) left_out = 1 }
    left_out { next }
    /^ [0-9]+\.[0-9]+ / && $3 ~ /^[1-9][0-9]*$/ { $3 = "some" }
    { print }' "$1"
}

{
  shown 'What `fio` writes at random, by its engine for device-dax, and verifies (`job.fio`: `ioengine=dev-dax`, `rw=randwrite`, `bs=4k`, `size=64m`, `verify=crc32c`; lines with times are left out):' fio \
    --size 64M --exact --ignore 'pid=|sec|bw|iops|lat|cpu|[|]' -- fio job.fio
  shown 'A pool of PMDK, made, looked at and checked by `pmempool`:' pmempool \
    --region pmem --size 64M --exact --ignore 'UUID|Time|Checksum' -- \
    sh -c 'pmempool create obj /dev/dax0.0 && pmempool info /dev/dax0.0 && pmempool check -v /dev/dax0.0'
  shown 'A program that registers device memory with io_uring (`tests/examples/uring_buffer.c`):' sh \
    --size 64M --exact -- ./uring_buffer
} >made.md
sed -i '$d' made.md

if [ "${3:-}" = --record ]; then
  [ -z "$missing" ] || { echo "not recorded, for these are not installed:$missing"; exit 1; }
  cp made.md "$here/every-kernel.md"
  exit 0
fi
comparable "$here/every-kernel.md" >expected
comparable made.md >found
diff -u expected found || { cat err; exit 1; }
[ -z "$missing" ] || { echo "SKIP: not installed (python-free-scripts/deps test):$missing; the others are as recorded"; exit 77; }
