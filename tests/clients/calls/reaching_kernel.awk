# From an strace -f -y of `daxemu run`: what reached the kernel with a node's path or an open node, as "CALL<TAB>path|node", if
# reaching_kernel.tsv does not permit it; each with the first line that shows it. Our own supervisor (the first process) is left out.
BEGIN { FS = "\t" }
FILENAME == ARGV[1] { if ($1 !~ /^#/ && NF >= 3) permitted[$1 "\t" $2] = 1; next }
{
  line = $0
  pid = line; sub(/ .*/, "", pid)
  if (first == "") first = pid
  if (pid == first || !match(line, /^[0-9]+ +[a-z_0-9]+\(/)) next
  call = line; sub(/^[0-9]+ +/, "", call); sub(/\(.*/, "", call)
  arguments = line; sub(/\) += .*/, "", arguments) # not what it gives
  calls++
  # What a call writes or execs with is text, not a path it names.
  if (call == "execve") sub(/, \[.*/, "", arguments)
  if (call !~ /^(write|writev|pwrite64|read|pread64|recv|send|sendmsg|recvmsg|readlink|getdents64)$/ &&
      arguments ~ /"\/dev\/dax[0-9]|"\/sys\/[^"]*dax[0-9]/) seen(call "\tpath")
  if (arguments ~ /<\/memfd:dax[0-9.]+>/) { nodes++; seen(call "\tnode") }
}
function seen(key) { if (!(key in count)) example[key] = line; count[key]++ }
END {
  if (calls < 100 || !nodes) { print "only " calls " calls, " (nodes + 0) " of them on a node: is this a trace of clients?"; exit 1 }
  for (key in count) if (!(key in permitted)) { printf "%s (%d): %s\n", key, count[key], substr(example[key], 1, 160); bad = 1 }
  exit bad
}
