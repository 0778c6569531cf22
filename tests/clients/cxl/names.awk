# names.awk: a text without what differs from machine to machine, which names.sh tells at its top: PCI addresses have the names of what is there,
# host physical addresses are distances into their window (window0+0x1000), memory blocks and nodes likewise, uuids and majors are left out.

function value(digits, i, sum) {
  sum = 0
  for (i = 1; i <= length(digits); i++) {
    sum = sum * 16 + index("0123456789abcdef", substr(digits, i, 1)) - 1
  }
  return sum
}

# placed(ADDRESS): its window and distance, or nothing if it is in none. A range may end where the window does.
function placed(address, i) {
  for (i = 0; i < windows; i++) {
    if (address >= start[i] && address < start[i] + size[i]) {
      return sprintf("window%d+0x%s", number[i], hex(address - start[i]))
    }
  }
  return ""
}

# %x of mawk ends at 32 bits.
function hex(amount, text, last) {
  text = ""
  do {
    last = amount % 16
    text = substr("0123456789abcdef", last + 1, 1) text
    amount = (amount - last) / 16
  } while (amount > 0)
  return text
}

# A uuid of the machine's own making is UUID; one that a step gives, or none, is what it is.
function without_uuids(text, done, found) {
  done = ""
  while (match(text, uuid)) {
    found = substr(text, RSTART, RLENGTH)
    done = done substr(text, 1, RSTART - 1) (found ~ /^(00000000|[1-4]2345678)-/ ? found : "UUID")
    text = substr(text, RSTART + RLENGTH)
  }
  return done text
}

# renamed(TEXT, PATTERN, KIND): every match of PATTERN in it that is an address has its name.
function renamed(text, pattern, kind, done, word, name, before) {
  done = ""
  while (match(text, pattern)) {
    word = substr(text, RSTART, RLENGTH)
    name = ""
    if (kind == "hex") {
      name = placed(value(substr(word, 3)))
    } else if (kind == "bare") {
      name = placed(value(word))
    } else if (kind == "decimal") {
      name = placed(word + 0)
    } else if (kind == "block") {
      name = placed(substr(word, 7) * block)
      name = name == "" ? "" : "memory@" name
    }
    before = substr(done text, length(done) + RSTART - 1, 1)
    if (kind == "bare" && (before == ":" || before == "\"") && word ~ /^[0-9]+$/) {
      name = "" # a count of bytes
    } else if (kind == "decimal" && before ~ /[0-9a-fx]/) {
      name = "" # of a hexadecimal number
    }
    done = done substr(text, 1, RSTART - 1) (name == "" ? word : name)
    text = substr(text, RSTART + RLENGTH)
  }
  return done text
}

BEGIN {
  words = windows = 0
  digit = "[0-9a-f]"
  four = digit digit digit digit
  uuid = four four "-" four "-" four "-" four "-" four four four
}
$1 == "%%" && $2 == "pci" {
  if (!($3 in seen)) {
    seen[$3] = 1
    word[words] = $3
    gsub(/[.]/, "[.]", word[words])
    called[words++] = $4
  }
  next
}
$1 == "%%" && $2 == "window" {
  number[windows] = $3
  start[windows] = value(substr($4, 3))
  size[windows++] = value(substr($5, 3))
  next
}
$1 == "%%" {
  if ($2 == "block") block = value($3)
  next
}
{
  line = $0
  for (i = 0; i < words; i++) {
    gsub(word[i], called[i], line)
  }
  line = renamed(line, "0x[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]+", "hex")
  line = renamed(line, "[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]+", "bare")
  line = renamed(line, "[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]+", "decimal")
  line = renamed(line, "memory[0-9][0-9]+", "block")
  line = without_uuids(line)
  gsub(/MAJOR=[0-9]+/, "MAJOR=N", line)
  if (line ~ /DEVTYPE=disk/) sub(/MINOR=[0-9]+/, "MINOR=N", line)
  gsub(/"target_node":[0-9]+/, "\"target_node\":N", line)
  gsub(/node[0-9]+\/memory@/, "nodeN/memory@", line)
  print line
}
