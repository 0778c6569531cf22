#!/bin/sh
# Proves that the check of the include order catches what it forbids, naming file and line.
#   violations.sh CHECK
set -eu
check=$1
top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT
mkdir -p "$top/emu/base" "$top/emu/store" "$top/runtime/cli" "$top/tests/unit" "$top/runtime/cli/text" "$top/runtime/preload/ground" "$top/runtime/preload/hooks/paths"
for file in emu/base/a.hpp emu/store/b.hpp runtime/cli/c.hpp tests/unit/d.hpp \
  runtime/preload/ground/e.hpp runtime/preload/hooks/paths/f.hpp runtime/cli/text/g.hpp; do
  echo '#pragma once' >"$top/$file"
done

# expect VERDICT FILE LINE: puts LINE as the second one of FILE into the good tree and runs the check.
expect() {
  printf '// first line\n%s\n' "$3" >"$top/$2"
  status=0
  said=$("$check" "$top") || status=$?
  rm "$top/$2"
  case "$1" in
    good)
      [ "$status" -eq 0 ] || { echo "refused in $2: $3: $said"; exit 1; }
      ;;
    bad)
      [ "$status" -ne 0 ] || { echo "let pass in $2: $3"; exit 1; }
      case "$said" in
        *"$2:2: "*) ;;
        *) echo "$2:2 is not named: $said"; exit 1 ;;
      esac
      ;;
  esac
}

expect good emu/store/x.cpp '#include "emu/base/a.hpp"'
expect good emu/store/x.cpp '#include "emu/store/b.hpp"'
expect good runtime/cli/x.cpp '#include "emu/store/b.hpp"'
expect good runtime/cli/x.cpp '#include <string>'
expect good tests/unit/x.cpp '#include "runtime/cli/c.hpp"'
expect good tests/unit/x.cpp '#include "tests/unit/d.hpp"'
expect bad emu/base/x.cpp '#include "emu/store/b.hpp"'          # upwards
expect bad emu/store/x.hpp '  #  include "runtime/cli/c.hpp"'   # upwards, oddly spaced
expect bad emu/store/x.cpp '#include <runtime/cli/c.hpp>'       # upwards, in angle brackets
expect bad emu/store/x.cpp '#include "b.hpp"'                   # not from the top folder
expect bad emu/store/x.cpp '#include "../base/a.hpp"'           # the same, going up
expect bad emu/store/x.cpp '#include "emu/base/missing.hpp"'    # no such file
expect bad emu/store/x.cpp '#include "emu/other/a.hpp"'         # no such folder
expect good runtime/preload/hooks/paths/x.cpp '#include "runtime/preload/ground/e.hpp"'
expect bad runtime/preload/ground/x.cpp '#include "runtime/preload/hooks/paths/f.hpp"' # upwards between rooms
expect good runtime/cli/x.cpp '#include "runtime/cli/text/g.hpp"'
expect bad runtime/cli/text/x.cpp '#include "runtime/cli/c.hpp"' # from a room to the folder that it is in
expect good runtime/cli/text/x.cpp '#include "daxemu_build.hpp"'

expect bad runtime/cli/x.cpp '#include "tests/unit/d.hpp"'      # a test's
expect bad emu/store/x.cpp '#include "daxemu_build.hpp"'        # the command's
echo "every violation was caught"
