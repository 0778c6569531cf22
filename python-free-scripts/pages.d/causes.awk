# The table of causes.txt as a page:  awk -f causes.awk causes.txt
function flags_text(flags) { return flags == "" ? "--size 64M --align 2M" : flags }
function block(language, text) {
  if (text != "") printf "```%s\n%s```\n", language == "c" ? "c" : "", text
}
function put_cause(   heading) {
  if (title == "") return
  number++
  printf "\n## %d. %s\n\n%s", number, title, why
  if (seen != "") printf "Seen in <%s>.\n", seen
  printf "\n`daxemu run %s`\n\n", flags_text(flags)
  block(language["cause"], program["cause"])
  printf "\n> %s\n\n%s", says, remedy
  if (flags2 != "") printf "Here with `%s`.\n", flags2
  printf "\n"
  block(language["remedy"], program["remedy"])
}
/^#/ { next }
/^= / {
  put_cause()
  title = substr($0, 3); flags = flags2 = seen = why = says = remedy = ""
  program["cause"] = program["remedy"] = ""; part = "cause"
  next
}
/^on / { if (part == "cause") flags = substr($0, 4); else flags2 = substr($0, 4); next }
/^seen / { seen = substr($0, 6); next }
/^why / { why = why substr($0, 5) "\n"; next }
/^says / { says = substr($0, 6); next }
/^then / { remedy = substr($0, 6) "\n"; part = "remedy"; next }
/^(c|sh)$/ { language[part] = $0; next }
/^  / { program[part] = program[part] substr($0, 3) "\n"; next }
END { put_cause() }
