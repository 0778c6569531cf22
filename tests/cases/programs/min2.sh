# shellcheck shell=bash
# shellcheck disable=SC1090,SC2010,SC2012,SC2016,SC2045,SC2086,SC2015,SC2046,SC3009,SC2094,SC2154,SC2002,SC2291,SC2145 # short rows, as users type them
# min2.sh: redirections of a shell that write to and read from the device.
bash -c 'exec 5<>/dev/dax0.0; echo hi >&5; echo "rc $?"' 2>&1
bash -c '/bin/od -An -c -N 4 < /dev/dax0.0; echo "od rc $?"; /usr/bin/sort < /dev/dax0.0 | wc -c; /usr/bin/md5sum < /dev/dax0.0; /bin/sed -n 1p < /dev/dax0.0 | wc -c' 2>&1
bash -c 'ls /nonexist 2> /dev/dax0.0; echo rc $?; od -An -c -N 8 < /dev/dax0.0' 2>&1
