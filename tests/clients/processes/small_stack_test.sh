#!/bin/sh
# small_stack_test.sh PROGRAM: handlers of signals have small stacks (SIGSTKSZ): files that are not ours are opened and read on such.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/../lib.sh"
runs "$1" /etc/passwd /dev/null
runs "$daxemu" run --size 64M --backing shmem -- "$1" /etc/passwd /dev/null
nothing_runs
