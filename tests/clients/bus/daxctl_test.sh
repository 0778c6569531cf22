#!/bin/sh
# daxctl lists the emulated region, device and mapping as it lists a real hmem region: same keys, types and order.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/../lib.sh"
needs daxctl

# The values by their type, so that what is left is the shape.
shape() {
  sed -e 's/\("[a-z_]*"\):"[^"]*"/\1:text/' -e 's/:[0-9][0-9]*/:number/'
}

# What daxctl 76 printed in the guest for a region that dax_hmem made of soft-reserved memory on a NUMA node (Linux 6.1).
# Without a node there is no target_node line.
expected='{
  "path":text,
  "id":number,
  "size":text,
  "align":number,
  "devices":[
    {
      "chardev":text,
      "size":text,
      "target_node":number,
      "align":number,
      "mode":text,
      "mappings":[
        {
          "page_offset":text,
          "start":text,
          "end":text,
          "size":text
        }
      ]
    }
  ]
}'

runs "$daxemu" run --size 2G --align 2M -- daxctl list -DRM -u
same "shape" "$(printf '%s\n' "$out" | shape)" "$expected"
same "stderr" "$err" ""
matches "region" "$out" '"path":"\\/platform\\/hmem\.0"'
matches "sizes" "$out" '"size":"2.00 GiB \(2.15 GB\)"'
same "region, device and mapping have the device's size" "$(printf '%s\n' "$out" | grep -c '"size":"2.00 GiB')" 3
matches "device" "$out" '"chardev":"dax0\.0"'
matches "align" "$out" '"align":2097152'
matches "mode" "$out" '"mode":"devdax"'
matches "the mapping starts the device" "$out" '"page_offset":"0"'
start=$(printf '%s\n' "$out" | sed -n 's/.*"start":"\(.*\)",/\1/p')
end=$(printf '%s\n' "$out" | sed -n 's/.*"end":"\(.*\)",/\1/p')
same "bytes from start to end" $((end - start + 1)) $((2 << 30))

runs "$daxemu" run --size 2G --align 1G --device dax1.0 -- daxctl list -D -d dax1.0
matches "extents of 1G" "$out" '"align":1073741824'
matches "size in bytes" "$out" '"size":2147483648'

status_of "$daxemu" run --size 64M -- daxctl list -d dax9.9
same "a device that is not there is not listed" "$(printf '%s' "$out" | tr -d '[]\n')" ""
nothing_runs
