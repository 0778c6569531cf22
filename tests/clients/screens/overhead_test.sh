#!/bin/sh
# A program that never touches the device is about as fast under daxemu. The bound is wide, for busy machines: it catches
# what is slow by nature (a search per path, a scan per process), not percents. The best of five rounds counts.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/../lib.sh"
needs find git

mkdir repository
(
  cd repository || exit 1
  git init -q .
  for n in 1 2 3 4 5 6 7 8 9; do
    mkdir "d$n"
    (cd "d$n" && seq 200 | xargs touch)
  done
  git add .
)

# Prints the least milliseconds of five rounds of its arguments.
cat >best_of <<'EOS'
best=1000000
for round in 1 2 3 4 5; do
  began=$(date +%s%N)
  "$@" >/dev/null || exit 1
  took=$((($(date +%s%N) - began) / 1000000))
  [ "$took" -ge "$best" ] || best=$took
done
echo "$best"
EOS

# compare NAME COMMAND ...: the start of the platform is not in it. What is slow by nature is so three times.
compare() {
  name=$1
  shift
  for attempt in 1 2 3; do
    without=$(sh ./best_of "$@") || fail "$name fails without daxemu"
    with=$("$daxemu" run --size 64M -- sh ./best_of "$@") || fail "$name fails with daxemu"
    printf '%-6s %5s ms without daxemu, %5s ms with it\n' "$name" "$without" "$with"
    [ "$with" -gt $((without * 4 + 100)) ] || return 0
  done
  fail "$name takes $with ms with daxemu, $without ms without, $attempt times"
}

compare find find /usr/include /usr/share/doc -size +1M -printf '%p\n'
compare git git -C repository status
# shellcheck disable=SC2016 # for that shell
compare exec sh -c 'i=0; while [ $i -lt 100 ]; do i=$((i + 1)); /bin/true; done'
# shellcheck disable=SC2016 # for that shell
compare fork sh -c 'i=0; while [ $i -lt 200 ]; do i=$((i + 1)); (:); done'
compare pipe sh -c 'head -c 200000000 /dev/zero | cat'
nothing_runs
