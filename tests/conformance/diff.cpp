// daxemu-conformance-diff: compares what the kernel said with what the emulator says, row by row.
//
//   daxemu-conformance-diff [--scope NAME] [--deliberate FILE] [--only GLOB]... [--tsv] [--summary FILE] KERNEL.tsv
//   EMULATOR.tsv
//
// Exit status: 0 no difference but the deliberate ones; 1 a difference that is not listed, a listed one that is none, a
// row that only one side has; 2 bad input. The deliberate ones: ROW-GLOB<TAB>SCOPE-GLOB<TAB>REASON lines, `#` starts a
// comment.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <fnmatch.h>
#include <getopt.h>

namespace {

using Rows = std::map<std::string, std::string>;

struct Deliberate {
  std::string row;
  std::string scope;
  std::string reason;
  std::size_t used = 0;
};

bool matches(const std::string& glob, const std::string& name) {
  return ::fnmatch(glob.c_str(), name.c_str(), 0) == 0;
}

bool wanted(const std::string& name, const std::vector<std::string>& only) {
  return only.empty() || std::any_of(only.begin(), only.end(), [&](const auto& glob) { return matches(glob, name); });
}

// ROW<TAB>OUTCOME[<TAB>...]; false with a message where the file is not that.
bool read_rows(const char* path, const std::vector<std::string>& only, Rows& rows) {
  std::ifstream in(path);
  std::string text;
  for (int number = 1; std::getline(in, text); ++number) {
    if (text.empty() || text[0] == '#') {
      continue;
    }
    const auto tab = text.find('\t');
    if (tab == std::string::npos) {
      std::fprintf(stderr, "%s:%d: no tab between row and outcome\n", path, number);
      return false;
    }
    const std::string name = text.substr(0, tab);
    const std::string outcome = text.substr(tab + 1, text.find('\t', tab + 1) - tab - 1);
    if (wanted(name, only) && !rows.emplace(name, outcome).second) {
      std::fprintf(stderr, "%s:%d: row %s is there twice\n", path, number, name.c_str());
      return false;
    }
  }
  if (rows.empty()) {
    std::fprintf(stderr, "%s: no rows\n", path);
    return false;
  }
  return true;
}

bool read_deliberate(const char* path, const std::string& scope, std::vector<Deliberate>& list) {
  std::ifstream in(path);
  if (!in) {
    std::fprintf(stderr, "%s: cannot be read\n", path);
    return false;
  }
  std::string text;
  for (int number = 1; std::getline(in, text); ++number) {
    if (text.empty() || text[0] == '#') {
      continue;
    }
    const auto first = text.find('\t');
    const auto second = first == std::string::npos ? first : text.find('\t', first + 1);
    if (second == std::string::npos || second + 1 == text.size()) {
      std::fprintf(stderr, "%s:%d: wanted ROW-GLOB<TAB>SCOPE-GLOB<TAB>REASON\n", path, number);
      return false;
    }
    Deliberate one{text.substr(0, first), text.substr(first + 1, second - first - 1), text.substr(second + 1)};
    if (matches(one.scope, scope)) {
      list.push_back(one);
    }
  }
  return true;
}

enum class Verdict { equal, deliberate, different, missing, extra, stale };

// As the report for people shows it, with the width that aligns the names behind it.
constexpr const char* kShown[] = {"", "deliberate", "DIFFERENT", "MISSING  ", "NEW      ", "STALE    "};
// In --tsv.
constexpr const char* kWords[] = {"equal", "deliberate", "different", "missing", "new", "stale"};

struct Entry {
  Verdict verdict = Verdict::equal;
  std::string row;
  std::string kernel;
  std::string emulator;
  std::string reason; // of a deliberate difference
};

class Report {
public:
  explicit Report(std::vector<Deliberate> deliberate) : deliberate_(std::move(deliberate)) {}

  void compare(const Rows& kernel, const Rows& emulator) {
    for (const auto& [name, said] : kernel) {
      const auto other = emulator.find(name);
      if (other == emulator.end()) {
        add(Verdict::missing, name, said, "(no such row)");
        continue;
      }
      Deliberate* listed = listed_as(name);
      if (said == other->second) {
        add(Verdict::equal, name, said, said);
        if (listed != nullptr) {
          add(Verdict::stale, name, said, "the same, but listed as deliberate: " + listed->reason);
        }
      } else {
        add(listed != nullptr ? Verdict::deliberate : Verdict::different, name, said, other->second,
            listed != nullptr ? listed->reason : "");
      }
    }
    for (const auto& [name, said] : emulator) {
      if (kernel.count(name) == 0) {
        add(Verdict::extra, name, "(no such row)", said);
      }
    }
  }

  // Lines that matched no row at all.
  void unused() {
    for (const Deliberate& one : deliberate_) {
      if (one.used == 0) {
        add(Verdict::stale, one.row, "(no such row)", "listed as deliberate: " + one.reason);
      }
    }
  }

  [[nodiscard]] std::size_t count(Verdict verdict) const {
    return static_cast<std::size_t>(
        std::count_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.verdict == verdict; }));
  }
  [[nodiscard]] std::size_t problems() const {
    return count(Verdict::different) + count(Verdict::missing) + count(Verdict::extra) + count(Verdict::stale);
  }
  [[nodiscard]] std::size_t compared() const {
    return count(Verdict::equal) + count(Verdict::deliberate) + count(Verdict::different);
  }

  // For people: what differs, and the figures.
  void print(const std::string& scope) const {
    for (const Entry& entry : entries_) {
      if (entry.verdict != Verdict::equal) {
        std::printf("%s %s\n  kernel    %s\n  emulator  %s\n", kShown[static_cast<int>(entry.verdict)],
                    entry.row.c_str(), entry.kernel.c_str(), entry.emulator.c_str());
      }
      if (!entry.reason.empty()) {
        std::printf("  reason    %s\n", entry.reason.c_str());
      }
    }
    std::printf("\n%-24s %6s %6s %11s %10s\n", "", "rows", "equal", "deliberate", "different");
    std::printf("%-24s %6zu %6zu %11zu %10zu\n", scope.c_str(), compared(), count(Verdict::equal),
                count(Verdict::deliberate), count(Verdict::different));
    if (problems() != 0) {
      std::printf("%zu problems\n", problems());
    }
  }

  // For programs: every row, ROW<TAB>VERDICT<TAB>KERNEL<TAB>EMULATOR<TAB>REASON.
  void print_tsv() const {
    for (const Entry& entry : entries_) {
      std::printf("%s\t%s\t%s\t%s\t%s\n", entry.row.c_str(), kWords[static_cast<int>(entry.verdict)],
                  entry.kernel.c_str(), entry.emulator.c_str(), entry.reason.c_str());
    }
  }

  // SCOPE<TAB>rows<TAB>equal<TAB>deliberate<TAB>different<TAB>problems: a line of the table over all configurations.
  [[nodiscard]] bool write_summary(const char* path, const std::string& scope) const {
    std::ofstream out(path);
    out << scope << '\t' << compared() << '\t' << count(Verdict::equal) << '\t' << count(Verdict::deliberate) << '\t'
        << count(Verdict::different) << '\t' << problems() << '\n';
    return static_cast<bool>(out.flush());
  }

private:
  Deliberate* listed_as(const std::string& name) {
    for (Deliberate& one : deliberate_) {
      if (matches(one.row, name)) {
        ++one.used;
        return &one;
      }
    }
    return nullptr;
  }

  void add(Verdict verdict, std::string row, std::string kernel, std::string emulator, std::string reason = {}) {
    entries_.push_back({verdict, std::move(row), std::move(kernel), std::move(emulator), std::move(reason)});
  }

  std::vector<Deliberate> deliberate_;
  std::vector<Entry> entries_;
};

struct Options {
  std::string scope = "all";
  const char* deliberate = nullptr;
  const char* summary = nullptr;
  std::vector<std::string> only;
  bool tsv = false;
  const char* kernel = nullptr;
  const char* emulator = nullptr;
};

bool parse(int count, char** words, Options& options) {
  static const option known[] = {{"scope", 1, nullptr, 's'}, {"deliberate", 1, nullptr, 'd'}, {"only", 1, nullptr, 'o'},
                                 {"tsv", 0, nullptr, 't'},   {"summary", 1, nullptr, 'u'},    {nullptr, 0, nullptr, 0}};
  for (int word = 0; (word = ::getopt_long(count, words, "", known, nullptr)) != -1;) {
    switch (word) {
    case 's':
      options.scope = optarg;
      break;
    case 'd':
      options.deliberate = optarg;
      break;
    case 'o':
      options.only.emplace_back(optarg);
      break;
    case 't':
      options.tsv = true;
      break;
    case 'u':
      options.summary = optarg;
      break;
    default:
      return false;
    }
  }
  if (count - optind != 2) {
    return false;
  }
  options.kernel = words[optind];
  options.emulator = words[optind + 1];
  return true;
}

} // namespace

int main(int count, char** words) {
  Options options;
  if (!parse(count, words, options)) {
    std::fputs("usage: daxemu-conformance-diff [--scope NAME] [--deliberate FILE] [--only GLOB]... [--tsv]\n"
               "         [--summary FILE] KERNEL.tsv EMULATOR.tsv\n",
               stderr);
    return 2;
  }
  std::vector<Deliberate> deliberate;
  Rows kernel;
  Rows emulator;
  if ((options.deliberate != nullptr && !read_deliberate(options.deliberate, options.scope, deliberate)) ||
      !read_rows(options.kernel, options.only, kernel) || !read_rows(options.emulator, options.only, emulator)) {
    return 2;
  }
  Report report(std::move(deliberate));
  report.compare(kernel, emulator);
  if (options.only.empty()) {
    report.unused();
  }
  if (options.tsv) {
    report.print_tsv();
  } else {
    report.print(options.scope);
  }
  if (options.summary != nullptr && !report.write_summary(options.summary, options.scope)) {
    std::fprintf(stderr, "%s: cannot be written\n", options.summary);
    return 2;
  }
  return report.problems() == 0 ? 0 : 1;
}
