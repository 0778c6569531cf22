#!/bin/sh
# unserved: a program that a command starts and that cannot see the devices is told of by `run`, in one line, at its end; the
# command's own output and exit status are as ever, and nobody else is told of.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
static=${DAXEMU_TESTS:?}/static_program
go=$DAXEMU_TESTS/go_like_program

# told COMMAND ...: what `run` says of it, in $err.
told() {
  status_of "$daxemu" run --size 64M --backing shmem --intercept libc -- "$@"
}

told sh -c 'ls /dev/dax0.0 >/dev/null; echo end'
same "a command whose programs are all served" "$err" ""

# Started in each of the ways that a program has: by a shell, by execvp(3) in PATH, by a script's interpreter.
# shellcheck disable=SC2016 # the inner shell expands them
told sh -c '"$1"; "$1"; exit 3' sh "$static"
same "its exit status" "$status" 3
same "its output" "$out" "a static program ran
a static program ran"
same "lines on standard error" "$(wc -l <err)" 1
matches "static, by a shell" "$err" "^daxemu: could not see the devices: $static \(statically linked\); run what they would start"

told env PATH="$DAXEMU_TESTS:$PATH" env static_program
matches "static, found in PATH" "$err" "^daxemu: could not see the devices: $static \(statically linked\);"

printf '#!%s\n' "$static" >script
chmod +x script
told sh -c ./script
matches "static, by a script" "$err" "^daxemu: could not see the devices: $static \(statically linked\);"

# shellcheck disable=SC2016 # as above
told sh -c '"$1" >/dev/null; "$2" >/dev/null' sh "$static" "$go"
same "lines on standard error" "$(wc -l <err)" 1
matches "two of them" "$err" "$static \(statically linked\), $go \(a Go program\);"

# On a named platform only what this command started is told of.
runs "$daxemu" create unserved-$$ --size 64M --backing shmem
# shellcheck disable=SC2016 # as above
runs "$daxemu" run --platform unserved-$$ --intercept libc -- sh -c '"$1"' sh "$static"
matches "on a named platform" "$err" "$static"
status_of "$daxemu" run --platform unserved-$$ -- true
after=$err
runs "$daxemu" destroy unserved-$$
same "the next command there" "$after" ""

# set-user-ID means nothing where the user is its owner.
if [ "$(id -u)" -eq 0 ]; then
  cp /bin/true raised
  chown 65534 raised
  chmod 4755 raised
  told sh -c ./raised
  matches "set-user-ID of another" "$err" '^daxemu: could not see the devices: ./raised \(set-user-ID'
  chown 0 raised
  chmod 4755 raised
  told sh -c ./raised
  same "set-user-ID of oneself" "$err" ""
fi
nothing_runs
