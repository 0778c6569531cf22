# Reading what the user typed. Sourced by guest.
# shellcheck shell=sh

# check_choice OPTION VALUE CHOICES...
check_choice() {
  choice_option=$1 choice_value=$2
  shift 2
  for choice in "$@"; do
    [ "$choice_value" != "$choice" ] || return 0
  done
  give_up 2 "$choice_option '$choice_value' is unknown: give one of $*"
}

# bytes_of OPTION VALUE: 4096, 4K, 2M, 1G -> bytes.
bytes_of() {
  digits=${2%[KMGkmg]}
  case $digits in
    '' | *[!0-9]* | 0*) give_up 2 "$1 '$2' is not a size: give bytes or a number with K, M or G" ;;
  esac
  # 4095G is far more than any host has, and keeps the product inside 63 bits.
  [ ${#digits} -le 13 ] || give_up 2 "$1 $2 is too large"
  case $2 in
    *[Kk]) shift_by=1024 ;;
    *[Mm]) shift_by=1048576 ;;
    *[Gg]) shift_by=1073741824 ;;
    *) shift_by=1 ;;
  esac
  [ "$digits" -le $((4398046511104 / shift_by)) ] || give_up 2 "$1 $2 is too large: at most 4096G"
  echo $((digits * shift_by))
}

# boot_word WORD: the word, if it is one.
boot_word() {
  case $1 in
    '' | *[!A-Za-z0-9_.,:=@!%+/-]*) give_up 2 "--boot '$1' is not a word of a kernel's command line: give each by an option of its own" ;;
  esac
  echo "$1"
}
