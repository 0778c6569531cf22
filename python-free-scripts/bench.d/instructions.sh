# shellcheck shell=sh
# shellcheck disable=SC2154 # what bench has set
# Sourced by bench: how many instructions a call, and a program's start, has more under daxemu, by callgrind. No load of the
# machine changes them.

counted_calls="open_close open_close_dev stat_path fstat_descriptor read_descriptor write_descriptor map_unmap map_unmap_file open_close_threads"

# instructions_of ENVIRONMENT PROGRAM...: with the variables of that file, one a line.
instructions_of() {
  variables=$1
  shift
  while IFS= read -r variable; do
    set -- "$variable" "$@"
  done <"$variables"
  valgrind --tool=callgrind --trace-children=yes --callgrind-out-file=/dev/null env "$@" 2>&1 >/dev/null |
    awk '/ Collected :/ { found = $NF } END { if (found == "") exit 1; print found }'
}

# count_instructions FILE: "NAME COUNT" lines into it. Fails where it cannot, and says why in $scratch/why.
count_instructions() {
  lines=$1
  command -v valgrind >/dev/null 2>&1 || {
    echo "valgrind is not installed" >"$scratch/why"
    return 1
  }
  : >"$scratch/plain.env"
  mkfifo "$scratch/until"
  "$bin/daxemu" run --size 64M --backing shmem -- "$bin/daxemu-bench-start" --environment \
    <"$scratch/until" >"$scratch/daxemu.env" 2>"$scratch/why" &
  keeper=$!
  exec 9>"$scratch/until"
  waited=0
  until grep -q DAXEMU_PLATFORM "$scratch/daxemu.env" || [ "$waited" -ge 100 ]; do
    sleep 0.1
    waited=$((waited + 1))
  done
  status=0
  echo "LD_PRELOAD=$bin/../lib/libdaxemu-bench-empty.so" >"$scratch/empty.env"
  {
    before=$(instructions_of "$scratch/empty.env" /bin/true) && after=$(instructions_of "$scratch/daxemu.env" /bin/true) &&
      echo "start $((after - before))"
    for call in $counted_calls; do
      # N calls more are N times what one has, whatever the rest of the program does.
      [ -n "$quick" ] && [ "$call" != fstat_descriptor ] && continue
      each=""
      for kind in plain daxemu; do
        if none=$(instructions_of "$scratch/$kind.env" "$bin/daxemu-bench-calls" --count "$call" 0) &&
          some=$(instructions_of "$scratch/$kind.env" "$bin/daxemu-bench-calls" --count "$call" 1000); then
          each="$each $(((some - none) / 1000))"
        fi
      done
      # shellcheck disable=SC2086 # two words
      set -- $each
      [ $# -ne 2 ] || echo "calls/$call $(($2 - $1))"
    done
  } >"$lines" 9>&-
  exec 9>&-
  wait "$keeper" || status=$?
  rm "$scratch/until"
  [ -s "$lines" ] || {
    echo "callgrind gave no count (exit status $status of daxemu run): $(cat "$scratch/why")" >"$scratch/why.all"
    mv "$scratch/why.all" "$scratch/why"
    return 1
  }
}

instructions() {
  say "instructions" >&2
  if ! count_instructions "$scratch/instructions.lines"; then
    say "instructions are not counted: $(cat "$scratch/why")" >&2
    return 0
  fi
  awk 'BEGIN { print "{\"benchmarks\": [" }
    { printf "%s{\"name\": \"%s\", \"run_type\": \"iteration\", \"real_time\": 0, \"time_unit\": \"ns\", \"instructions\": %d}\n",
        (n++ ? "," : ""), $1, $2 }
    END { print "]}" }' <"$scratch/instructions.lines" >"$out/$at/instructions.json"
  files="$files $out/$at/instructions.json"
}
