# What the command needs, gathered as links to this machine's files under $work/root. Sourced by guest.
# shellcheck shell=sh disable=SC2154

# stage_file ROOT FILE DEST: FILE will be DEST in the guest. DEST's folder is resolved first: /lib is a link on merged systems.
stage_file() {
  case $3 in
    /*) ;;
    *) give_up 2 "--copy $2:$3: the destination must be an absolute path" ;;
  esac
  dest_folder=$(realpath -m -- "$(dirname -- "$3")")
  mkdir -p "$1$dest_folder"
  ln -sf "$(realpath -- "$2")" "$1$dest_folder/$(basename -- "$3")"
}

# libraries_of FILE: the paths of the shared libraries that FILE and its libraries need, the dynamic loader among them.
libraries_of() {
  LC_ALL=C ldd "$1" 2>/dev/null | sed -n 's/.*=> \(\/[^ ]*\) (0x.*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) (0x.*/\1/p'
}

# dlopened_by FILE LIBRARIES: what is opened by name while the program runs, which ldd cannot know.
dlopened_by() {
  case ${1##*/} in
    fio) find /usr/lib/*/fio /usr/local/lib/fio /usr/lib/fio -name '*.so' 2>/dev/null || : ;;
  esac
  case $2 in
    *libpmem* | *libndctl* | *libdaxctl*)
      for name in libpmem.so.1 libndctl.so.6 libdaxctl.so.1 libkmod.so.2; do
        ldconfig -p | sed -n "s|^[[:space:]]*$name (.*x86-64.* => \(/.*\)|\1|p" | head -n 1
      done ;;
  esac
}

# stage_program ROOT PATH: PATH with its libraries; a script with its interpreter.
stage_program() {
  stage_file "$1" "$2" "$2"
  first=$(head -c 2 -- "$2" | tr -d '\0')
  if [ "$first" = '#!' ]; then
    interpreter=$(head -n 1 -- "$2" | sed 's/^#![[:space:]]*//; s/[[:space:]].*//')
    [ ! -x "$interpreter" ] || stage_program "$1" "$interpreter"
    return 0
  fi
  needed=$(libraries_of "$2")
  needed="$needed
$(dlopened_by "$2" "$needed")"
  printf '%s\n' "$needed" | sort -u | while IFS= read -r file; do
    [ -n "$file" ] || continue
    stage_file "$1" "$file" "$file"
    # A plug-in brings its own libraries.
    libraries_of "$file" | while IFS= read -r inner; do
      stage_file "$1" "$inner" "$inner"
    done
  done
}

# stage_named_program NAME|PATH
stage_named_program() {
  program=$(command -v -- "$1" || :)
  case $program in
    /*) ;;
    */*) program=$PWD/$program ;;
    *) program=$1
       [ -f "$1" ] || give_up 2 "--program $1: no such program here: give a path, or install it" ;;
  esac
  stage_program "$work/root" "$(realpath -s -- "$program")"
}

# stage_copy FILE[:DEST]
stage_copy() {
  from=$1 to=
  if [ ! -e "$from" ]; then
    from=${1%:*} to=${1##*:}
    [ -e "$from" ] || give_up 2 "--copy $1: no such file or folder: check the path"
  fi
  [ -r "$from" ] || give_up 2 "--copy $1: it cannot be read: check its permissions"
  # A folder gets a tree of its own: anything staged inside it later would be written through the link, into this machine.
  tree=$work/root
  if [ -d "$from" ]; then
    tree=$(mktemp -d "$work/folder.XXXXXX")
  fi
  stage_file "$tree" "$from" "${to:-$(realpath -s -- "$from")}"
}

# quoted WORD: WORD as the shell reads it back, any byte in it.
quoted() {
  printf '%s\n' "$1" | sed "s/'/'\\\\''/g; 1s/^/'/; \$s/\$/' /"
}

# stage_variable NAME=VALUE
stage_variable() {
  case $1 in
    [A-Za-z_]*=*) ;;
    *) give_up 2 "--env '$1' is not NAME=VALUE" ;;
  esac
  case ${1%%=*} in
    *[!A-Za-z0-9_]*) give_up 2 "--env '$1': the name may hold letters, digits and _ only" ;;
  esac
  { printf 'export '; quoted "$1"; } >>"$work/root/guest/environment"
}

# stage_command CMD ARGS...
stage_command() {
  # A word without a slash that is no file here is left to the guest: busybox may have it.
  case $1 in
    */*) if [ ! -x "$1" ] || [ -d "$1" ]; then
           give_up 2 "$1 is not a program: check the path"
         fi
         stage_named_program "$1" ;;
    *) ! command -v -- "$1" | grep -q '^/' || stage_named_program "$1" ;;
  esac
  {
    printf 'cd '
    quoted "$(pwd -P)"
    printf 'exec '
    for word in "$@"; do
      quoted "$word" | sed '$s/$/\\/'
    done
    echo
  } >"$work/root/guest/command"
  mkdir -p "$work/root$(pwd -P)"
}
