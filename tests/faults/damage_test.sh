#!/bin/sh
# damage_test.sh store|image: a store or an image that is damaged, cut short, foreign or of another version is refused in
# one line that says which, and not a byte of it changes. That every single byte of a header counts is shown by unit tests
# (store_test.cpp, image_test.cpp).
row=$1
here=$(cd "$(dirname "$0")" && pwd -P)
# shellcheck source=tests/clients/lib.sh
. "$here/../clients/lib.sh"
poke=${DAXEMU_POKE:?is not set: the poke_extents program}
DAXEMU_HOME=/dev/shm/daxemu-damage-$$
export DAXEMU_HOME
trap 'rm -rf "$scratch" "$DAXEMU_HOME"' EXIT

# spoil FILE OFFSET: turns every bit of the byte.
spoil() {
  byte=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
  # shellcheck disable=SC2059 # the format is the byte
  printf "\\$(printf %o $((255 - byte)))" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}
# refuses FILE WHAT PATTERN COMMAND ...
refuses() {
  file=$1 what=$2 pattern=$3
  shift 3
  before=$(cksum "$file")
  status_of "$@"
  same "exit status ($what): $out $err" "$status" 125
  matches "the message ($what)" "$err" "^daxemu: .*$pattern"
  same "lines of the message ($what)" "$(printf '%s\n' "$err" | wc -l)" 1
  same "the file ($what)" "$(cksum "$file")" "$before"
}

store() {
  runs "$daxemu" create lab --backing shmem --size 16M
  file=$DAXEMU_HOME/lab/store
  cp --sparse=always "$file" good
  again() { cp --sparse=always good "$file"; }
  for verb in "run --platform lab -- true" "sync lab" "crash lab"; do
    # shellcheck disable=SC2086 # words
    {
      again && spoil "$file" 3
      refuses "$file" "magic, $verb" 'the store of platform lab is damaged, or none of daxemu; remove it: daxemu destroy lab' "$daxemu" $verb
      again && spoil "$file" 8
      refuses "$file" "version, $verb" 'platform lab is of another version of daxemu; use the version that made it' "$daxemu" $verb
      again && spoil "$file" 17
      refuses "$file" "size, $verb" 'damaged' "$daxemu" $verb
      again && truncate -s 8192 "$file"
      refuses "$file" "cut, $verb" 'the store of platform lab is cut short' "$daxemu" $verb
      again && truncate -s 7 "$file"
      refuses "$file" "nearly nothing, $verb" 'cut short' "$daxemu" $verb
      head -c 100000 /dev/urandom >"$file"
      refuses "$file" "noise, $verb" 'damaged, or none of daxemu' "$daxemu" $verb
    }
  done
  again && spoil "$file" 3 # the program itself, without `run`
  status_of env LD_PRELOAD="${daxemu%/bin/*}/lib/libdaxemu-preload.so" DAXEMU_PLATFORM=lab sh -c 'exit 4'
  same "the program's exit status" "$status" 4
  matches "its line" "$err" '^daxemu: cannot use the platform DAXEMU_PLATFORM=lab: Protocol error'
  again
  runs "$daxemu" run --platform lab -- "$poke" 0 2
  spoil "$file" 3
  runs "$daxemu" destroy lab # the remedy works
  runs "$daxemu" create lab --backing shmem --size 16M
}

image() {
  runs "$daxemu" run --image "$PWD/image" --size 16M --backing shmem -- "$poke" 0 3
  cp --sparse=always image good
  again() { cp --sparse=always good image; }
  for way in --image --snapshot; do
    again && spoil image 3
    refuses image "magic, $way" 'is no image of daxemu, or its header is damaged' "$daxemu" run $way image -- true
    again && spoil image 8
    refuses image "version, $way" 'is an image of another version of daxemu; use the version that made it' "$daxemu" run $way image -- true
    again && spoil image 33
    refuses image "size, $way" 'header is damaged' "$daxemu" run $way image -- true
    again && truncate -s 100000 image
    refuses image "cut, $way" 'is cut short; restore it from a copy' "$daxemu" run $way image -- true
    head -c 100000 /dev/urandom >image
    refuses image "noise, $way" 'is no image' "$daxemu" run $way image -- true
  done
  refuses good "another size" 'is of 16M in extents of 2M; leave out --size' "$daxemu" run --image good --size 32M -- true
  again
  before=$(cksum image)
  runs "$daxemu" run --snapshot image -- "$poke" 0 3 check
  runs "$daxemu" run --snapshot image -- "$poke" 2 6
  same "the image of a snapshot" "$(cksum image)" "$before"
  runs "$daxemu" create lab --image "$PWD/image" --backing shmem # one writer
  refuses image "in use" "is in use by platform lab; use that platform, wait for its end, or use a copy" "$daxemu" run --image image -- true
  refuses image "in use, for a snapshot" "is in use by platform lab; wait for its end" "$daxemu" run --snapshot image -- true
  runs "$daxemu" destroy lab
  # A program marks a point from within; readers may be many.
  runs "$daxemu" run --image image --write-back 0 -- sh -c "$poke 4 2 && '$daxemu' sync \"\$DAXEMU_PLATFORM\""
  matches "a mark from within" "$out" '^2 of [0-9]+ touched extents had changed'
  runs "$daxemu" run --snapshot image -- "$daxemu" run --snapshot image -- "$poke" 4 2 check
}

"$row"
nothing_runs
