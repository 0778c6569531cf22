#!/bin/sh
# What a shell completes: verbs, every verb's flags, words of values, platforms, the command behind "--".
#   completion.sh DAXEMU bash|zsh|fish
set -eu
daxemu=$1 shell=$2
if ! command -v "$shell" >/dev/null 2>&1; then
  echo "SKIP: $shell is not installed (python-free-scripts/deps test)"
  exit 77
fi
home=$(mktemp -d /dev/shm/daxemu-completion-XXXXXX)
trap 'rm -rf "$home"' EXIT
export DAXEMU_HOME="$home" HOME="$home" XDG_CONFIG_HOME="$home"
unset DAXEMU_PLATFORM || :
PATH=$(dirname "$daxemu"):$PATH
export PATH
daxemu create shown --size 2M --backing shmem
daxemu completion "$shell" >"$home/script"
cd "$home"
: >a-file.json

# asks LINE: what the shell would offer at its end, a word a line
case $shell in
  bash)
    cat >ask <<'END'
source "$HOME/script"
mapfile -t -d ' ' COMP_WORDS < <(printf '%s' "$1")
[[ $1 == *' ' ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_daxemu
printf '%s\n' "${COMPREPLY[@]}"
END
    asks() { bash ask "$1"; } ;;
  fish)
    # shellcheck disable=SC2016 # fish's
    asks() { fish -c 'source ~/script; complete -C "$argv[1]"' "$1" | cut -f1; } ;;
  zsh)
    # A terminal of zsh's own, in which a tab key lists what there is.
    cat >ask <<'END'
zmodload zsh/zpty
zpty shell zsh -f -i
line() { local text; zpty -w shell "$1"; }
line "PS1=; unsetopt zle_bracketed_paste; autoload -Uz compinit; compinit -u -D; source $HOME/script; zstyle ':completion:*' list-separator '--'; LISTMAX=1000"
line "compadd() { if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd \"\$@\"; return; fi; typeset -a __hits; builtin compadd -A __hits \"\$@\"; print -rl -- \$__hits >>$HOME/answer; builtin compadd \"\$@\"; }"
line "bindkey '^I' complete-word; print ready >$HOME/ready"
for try in {1..600}; do [[ -e $HOME/ready ]] && break; sleep 0.1; done
: >$HOME/answer
zpty -n -w shell "$1"$'\t'
for try in {1..100}; do sleep 0.1; [[ -s $HOME/answer ]] && break; done
sleep 0.2
zpty -d shell
cat $HOME/answer
END
    asks() { rm -f ready answer; zsh ask "$1"; } ;;
esac

faults=0
# offers LINE WORD...: all of them are among the answers
offers() {
  line=$1
  shift
  answer=$(asks "$line")
  for word in "$@"; do
    printf '%s\n' "$answer" | grep -qxF -- "$word" || {
      printf 'FAIL: at "%s" there is no %s in: %s\n' "$line" "$word" "$(printf '%s' "$answer" | tr '\n' ' ')"
      faults=$((faults + 1))
    }
  done
}
offers "daxemu ru" run
offers "daxemu " run top destroy completion
offers "daxemu run --al" --align
offers "daxemu run --align " 4K 2M 1G
offers "daxemu crash shown --lose " dirty torn all
offers "daxemu destroy " shown
offers "daxemu poison dax" dax0.0
offers "daxemu run --config a-f" a-file.json
if [ "$shell" != zsh ]; then # there it is the shell's own completion, in a terminal without its commands' table
  offers "daxemu run --size 2M -- mkfif" mkfifo
  # Every verb's flags, as its help has them.
  for verb in $(daxemu completion bash | sed -n "s/.*_daxemu_words '\(.*\) --help --version'/\1/p"); do
    flags=$(daxemu "$verb" --help | sed -n 's/^  \(-[-a-zA-Z,]*\).*/\1/p' | tr ',' '\n' | grep -- '^--' | sort -u)
    # shellcheck disable=SC2086 # the flags are words
    offers "daxemu $verb --" $flags
  done
fi
daxemu destroy shown
[ "$faults" -eq 0 ] && echo "$shell completes"
