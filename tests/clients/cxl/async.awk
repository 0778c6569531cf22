# async.awk: uevents of the nd bus in the order of their text, behind the others of their step: its devices are added by nobody knows
# whom (nd_async_device_register(); two guests of one kernel told of them in two orders), and go in the order in which they came.
function flush_step(i, j, line) {
  for (i = 1; i < count; i++) {
    line = later[i]
    for (j = i; j > 0 && later[j - 1] > line; j--) later[j] = later[j - 1]
    later[j] = line
  }
  for (i = 0; i < count; i++) print later[i]
  count = 0
}
/^\$ / { flush_step() }
/\/ndbus0\// && !/^\$ / { later[count++] = $0; next }
{ print }
END { flush_step() }
