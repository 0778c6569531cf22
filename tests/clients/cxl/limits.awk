# limits.awk: what a bus answered here without what it is known to lack (emu/cxl/mailbox/README.md): cxl asks tracefs for media errors, and
# says when there is none. A stream in which nothing else is goes with it.
/^-- stderr$/ { header = $0; next }
/^Failed to enable trace: -2$/ && header != "" { lacks = 1; next }
/^Failed to enable trace: -2$/ && lacks { next }
{
  if (header != "" && !(lacks && /^-- exit status /)) print header
  header = ""
  if (/^-- /) lacks = 0
  print
}
