#!/bin/sh
# supervised_load: programs that are answered from outside while much goes on in them: threads that ask, map, touch and start children
# among signals, Go's goroutines, collector and children, a thread that becomes another program while calls of others are answered, a
# program that is stopped and goes on; chains of static and dynamic programs, some in namespaces as a container has them.
#   supervised_load_test.sh LOAD_PROGRAM      statically linked
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")/.." && pwd -P)
. "$(dirname "$0")/../lib.sh"
load=$1
size=/sys/bus/dax/devices/dax0.0/size
needs busybox
run() {
  status_of timeout 100 "$daxemu" run --size 64M --backing shmem --intercept "$@"
}
run kernel -- true
case $err in
  *'the kernel does not tell of system calls'*) skip "$err" ;;
esac

for how in kernel auto; do
  run $how -- "$load" /dev/dax0.0 $size 3
  same "threads, children and signals, --intercept $how: $err" "$out" "failed: 0, worked: 1, signals: 1"
  run $how -- "$load" /dev/dax0.0 $size become 40
  same "one thread becomes another program, --intercept $how" "$out$err" "failed: 0"
done

# shellcheck disable=SC2016 # for that shell
run kernel -- sh -c '"$0" /dev/dax0.0 '$size' 2 & p=$!; for round in 1 2 3 4 5 6 7 8; do kill -STOP $p; sleep 0.05; kill -CONT $p; sleep 0.05; done; wait $p' "$load"
same "stopped and going on: $err" "$out" "failed: 0, worked: 1, signals: 1"

# Static, dynamic, static; by fork, exec, pipes, without an environment, in a session of its own.
# shellcheck disable=SC2016 # for those shells
chain='busybox sh -c "exec env sh -c \"exec busybox env busybox cat $0\""; busybox sh -c "cat $0 | busybox cat | cat"; env busybox cat "$0" | env cat;
  env -i /usr/bin/env -i /bin/sh -c "busybox cat $0"; busybox setsid busybox sh -c "cat $0"; "$1" /dev/dax0.0 "$0" ask; echo $?'
for how in kernel auto; do
  run $how -- sh -c "$chain" $size "$load"
  same "a chain of programs, --intercept $how: $err" "$out" "$(printf '67108864\n%.0s' 1 2 3 4 5)
0"
done
# shellcheck disable=SC2016 # for those shells
if unshare -m -U -r -p -f --mount-proc true 2>/dev/null; then
  run auto -- unshare -m -U -r -p -f --mount-proc busybox sh -c 'busybox cat "$0"; cat "$0"; "$1" /dev/dax0.0 "$0" 1' $size "$load"
  same "in namespaces of its own: $err" "$out" "67108864
67108864
failed: 0, worked: 1, signals: 1"
fi
# A limit of descriptors below the numbers that ours have.
# shellcheck disable=SC2016 # for that shell
run kernel -- sh -c 'ulimit -n 64; exec "$0" /dev/dax0.0 '$size' 1' "$load"
same "few descriptors: $err" "$out" "failed: 0, worked: 1, signals: 1"

if command -v go >/dev/null; then
  cp "$here/programs/go_load_program.go" program.go
  if GO111MODULE=off GOCACHE=$scratch/cache CGO_ENABLED=0 go build -o go_program program.go 2>go_errors; then
    for how in auto kernel; do
      run $how -- ./go_program
      same "Go under load, --intercept $how: $err" "$out" "failed: 0 worked: true"
    done
  else
    grep -q 'go1\.1[0-8]\|not in std\|is not in GOROOT' go_errors || fail "go build: $(cat go_errors)"
  fi
fi
nothing_runs
