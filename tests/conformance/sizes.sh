# The sizes that the goldens were made with. Sourced. A pmem namespace has 2M of its own, and wants a multiple of 16M in all.
# shellcheck shell=sh
device_size() {
  case $1-$2 in
    *-1G) echo 3G ;;
    pmem-*) echo 62M ;;
    *) echo 64M ;;
  esac
}
