#!/bin/sh
# umf_build.sh SOURCE FOLDER: builds what UMF (unified memory framework) tests its device-dax provider with, for client.cxl.umf:
#
#   SOURCE    UMF's sources, brought by you (https://github.com/oneapi-src/unified-memory-framework)
#   FOLDER    where the tests and libumf are left: DAXEMU_UMF_BUILD=FOLDER ctest -R cxl.umf
#
# Wants cmake, libhwloc-dev, libnuma-dev and GoogleTest's sources (googletest, in /usr/src/googletest). Nothing is fetched.
set -eu
usage() { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p;}' "$0"; }
case ${1:-} in
  -h | --help) usage; exit 0 ;;
  '' | -*) usage >&2; exit 2 ;;
esac
[ $# -eq 2 ] || { usage >&2; exit 2; }
[ -r "$1/src/provider/provider_devdax_memory.c" ] || { echo "umf_build.sh: $1 is no source of UMF" >&2; exit 2; }
[ -r /usr/src/googletest/CMakeLists.txt ] || { echo "umf_build.sh: /usr/src/googletest is not there: apt-get install googletest" >&2; exit 126; }
mkdir -p "$2"
cmake -S "$1" -B "$2/build" -D CMAKE_BUILD_TYPE=Release -D UMF_BUILD_SHARED_LIBRARY=ON -D UMF_BUILD_EXAMPLES=OFF \
  -D UMF_BUILD_LEVEL_ZERO_PROVIDER=OFF -D UMF_BUILD_CUDA_PROVIDER=OFF -D UMF_BUILD_LIBUMF_POOL_JEMALLOC=OFF \
  -D FETCHCONTENT_SOURCE_DIR_GOOGLETEST=/usr/src/googletest -D FETCHCONTENT_FULLY_DISCONNECTED=ON
cmake --build "$2/build" --parallel 2 --target test_provider_devdax_memory --target test_provider_devdax_memory_ipc
cp "$2"/build/test/test_provider_devdax_memory "$2"/build/test/test_provider_devdax_memory_ipc "$2"/build/lib/libumf.so* "$2/"
