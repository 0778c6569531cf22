#!/bin/sh
# Standard input, output, arguments, environment and working folder pass through; --stats goes to stderr alone.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/../lib.sh"

same "stdin to stdout" "$(printf 'one\ntwo\n' | "$daxemu" run --size 64M -- cat)" "one
two"
head -c 3000000 /dev/urandom >bytes
"$daxemu" run --size 64M -- cat <bytes >copy
cmp bytes copy || fail "3 MB through cat are not the same"

runs "$daxemu" run --size 64M -- printf '[%s]' 'a b' '' '--size' '--' '*'
same "arguments" "$out" '[a b][][--size][--][*]'
same "working folder" "$("$daxemu" run --size 64M -- pwd)" "$PWD"
# shellcheck disable=SC2016 # for that shell
same "environment" "$(SOMETHING='x y' "$daxemu" run --size 64M -- sh -c 'echo "$SOMETHING"')" 'x y'
# shellcheck disable=SC2016 # for that shell
same "argv[0]" "$("$daxemu" run --size 64M -- sh -c 'tr "\0" " " </proc/$$/cmdline' | cut -c1-6)" 'sh -c '

runs "$daxemu" run --size 64M --backing shmem -- true
same "nothing is said without being asked" "$out$err" ""
runs "$daxemu" run --size 64M --backing shmem --stats -- echo "done"
same "stdout with --stats" "$out" "done"
same "--stats of a command that does not touch" "$(printf '%s\n' "$err" | head -n 3)" \
  "dax0.0 (64M, extents of 2M, backing shmem: asked for)
             0 faults
             0 extents touched of 32"
runs "$daxemu" run --size 64M --backing shmem --verbose -- true
matches "--verbose says what was chosen" "$err" '^daxemu: .*emulating it$'
nothing_runs
