# parts.awk -v folder=FOLDER: what ask.sh printed, a file for each answer.
/^%%% / {
  file = folder "/" ($2 == "record" ? "machine.json" : $2 == "notes" ? "notes.txt" : $2 ".json")
  printf "" >file
  next
}
{ print >file }
