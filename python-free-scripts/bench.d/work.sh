# shellcheck shell=sh
# shellcheck disable=SC2154 # what bench has set
# Sourced by bench: what whole programs have to work on.

# a_work_tree FOLDER: a git work tree of our sources, and a project of a few C files that make builds.
a_work_tree() {
  mkdir -p "$1/small-project"
  cp -r "$root/emu" "$root/runtime" "$root/tests" "$1/"
  part=1
  while [ "$part" -le 12 ]; do
    printf '#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\nint part_%d(const char *text) { char copy[64]; ' "$part"
    printf 'snprintf(copy, sizeof copy, "%%s %d", text); return (int)strlen(copy) + atoi(copy); }\n' "$part"
    part=$((part + 1))
  done | awk -v folder="$1/small-project" '
    /^#include <stdio/ { n++ } { print > (folder "/part" n ".c") }
    END {
      printf "int main(int argc, char **argv) { (void)argc; return 0" > (folder "/main.c")
      for (at = 1; at <= n; at++) printf " * part_%d(argv[0])", at > (folder "/main.c")
      print "; }" > (folder "/main.c")
    }'
  awk 'BEGIN { for (at = 1; at <= 12; at++) printf "int part_%d(const char *text);\n", at }' >"$1/small-project/parts.h"
  cat >"$1/small-project/Makefile" <<'END'
CFLAGS = -O1 -include parts.h
program: main.o $(patsubst %.c,%.o,$(wildcard part*.c))
	$(CC) -o $@ $^
END
  (
    cd "$1" || exit
    printf 'fio.tmp\nsmall-project/*.o\nsmall-project/program\n' >.gitignore
    git init -q
    git add .
    git -c user.name=bench -c user.email=bench@localhost commit -q -m bench
  )
}
