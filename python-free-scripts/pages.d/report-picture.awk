# The picture of README.md out of a report, the map of its first device with its style and its legend in it:
#   daxemu report --size 256M -o r.html -- COMMAND; awk -f report-picture.awk r.html >runtime/docs/report.svg
/<style>/ { style = 1; sub(/.*<style>/, "") }
style {
  if ($0 ~ /<\/style>/) { sub(/<\/style>.*/, ""); style = 0 }
  if ($0 ~ /^(:root|@media| *--|  --|\.untouched|\.touch|\.pinned|svg text|svg line)/) rules = rules $0 "\n"
}
/<svg/ && !picture { picture = 1; sub(/.*<svg/, "<svg") }
picture == 1 {
  body = body $0 "\n"
  if ($0 ~ /<\/svg>/) picture = 2
}
END {
  sub(/<svg/, "<svg xmlns=\"http://www.w3.org/2000/svg\" font-family=\"sans-serif\"", body)
  at = index(body, ">")
  print substr(body, 1, at) "<style>" rules "</style><rect width=\"100%\" height=\"100%\" fill=\"var(--page)\"/>" substr(body, at + 1)
}
