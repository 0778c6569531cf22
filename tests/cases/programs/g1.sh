# shellcheck shell=sh
# shellcheck disable=SC1090,SC2010,SC2012,SC2016,SC2045,SC2086,SC2015,SC2046,SC3009,SC2094,SC2154,SC2002,SC2291,SC2145 # short rows, as users type them
# g1.sh: chmod and chown of the node and of an attribute of the nd bus.
stat -c "%a %n" /dev/dax0.0; chmod a+rw /dev/dax0.0; echo rc $?; stat -c "%a %n" /dev/dax0.0;  chmod 600 /dev/dax0.0; echo rc $?; chown 65534 /dev/dax0.0; echo rc $?; chmod a+r /sys/bus/nd/devices/ndbus*/region*/dax*/resource; echo rc $?; ls -l /sys/bus/nd/devices/ndbus*/region*/dax*/resource
