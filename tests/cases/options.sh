# shellcheck shell=sh
# options.sh: sets $kind to what a case wants the device to be: hmem, numa (hmem, its memory a node of its own) or pmem. 512M, 2M.
# shellcheck disable=SC2034 # for those who source this
case $1 in
  life | sysram_policy) kind=numa ;;
  nd | reconf-ns | g1) kind=pmem ;;
  *) kind=hmem ;;
esac
