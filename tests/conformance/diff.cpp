// daxemu-conformance-diff: compares what the kernel said with what the emulator says, row by row.
//
//   daxemu-conformance-diff [--scope NAME] [--deliberate FILE] [--only GLOB]... KERNEL.tsv EMULATOR.tsv
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

class Report {
public:
  explicit Report(std::vector<Deliberate> deliberate) : deliberate_(std::move(deliberate)) {}

  void compare(const Rows& kernel, const Rows& emulator) {
    for (const auto& [name, said] : kernel) {
      const auto other = emulator.find(name);
      if (other == emulator.end()) {
        problem("MISSING  ", name, said, "(no such row)");
        continue;
      }
      ++rows_;
      Deliberate* listed = listed_as(name);
      if (said == other->second) {
        ++equal_;
        if (listed != nullptr) {
          problem("STALE    ", name, said, "the same, but listed as deliberate: " + listed->reason);
        }
      } else if (listed != nullptr) {
        ++deliberate_count_;
        std::printf("deliberate %s\n  kernel    %s\n  emulator  %s\n  reason    %s\n", name.c_str(), said.c_str(),
                    other->second.c_str(), listed->reason.c_str());
      } else {
        ++different_;
        problem("DIFFERENT", name, said, other->second);
      }
    }
    for (const auto& [name, said] : emulator) {
      if (kernel.count(name) == 0) {
        problem("NEW      ", name, "(no such row)", said);
      }
    }
  }

  // Lines that matched no row at all.
  void unused() {
    for (const Deliberate& one : deliberate_) {
      if (one.used == 0) {
        problem("STALE    ", one.row, "(no such row)", "listed as deliberate: " + one.reason);
      }
    }
  }

  int finish(const std::string& scope) const {
    std::printf("\n%-24s %6s %6s %11s %10s\n", "", "rows", "equal", "deliberate", "different");
    std::printf("%-24s %6zu %6zu %11zu %10zu\n", scope.c_str(), rows_, equal_, deliberate_count_, different_);
    if (problems_ != 0) {
      std::printf("%zu problems\n", problems_);
    }
    return problems_ == 0 ? 0 : 1;
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

  void problem(const char* what, const std::string& name, const std::string& kernel, const std::string& emulator) {
    ++problems_;
    std::printf("%s %s\n  kernel    %s\n  emulator  %s\n", what, name.c_str(), kernel.c_str(), emulator.c_str());
  }

  std::vector<Deliberate> deliberate_;
  std::size_t rows_ = 0;
  std::size_t equal_ = 0;
  std::size_t deliberate_count_ = 0;
  std::size_t different_ = 0;
  std::size_t problems_ = 0;
};

} // namespace

int main(int count, char** words) {
  static const option known[] = {
      {"scope", 1, nullptr, 's'}, {"deliberate", 1, nullptr, 'd'}, {"only", 1, nullptr, 'o'}, {nullptr, 0, nullptr, 0}};
  std::string scope = "all";
  const char* deliberate_path = nullptr;
  std::vector<std::string> only;
  for (int word = 0; (word = ::getopt_long(count, words, "", known, nullptr)) != -1;) {
    switch (word) {
    case 's':
      scope = optarg;
      break;
    case 'd':
      deliberate_path = optarg;
      break;
    case 'o':
      only.emplace_back(optarg);
      break;
    default:
      return 2;
    }
  }
  if (count - optind != 2) {
    std::fputs(
        "usage: daxemu-conformance-diff [--scope NAME] [--deliberate FILE] [--only GLOB]... KERNEL.tsv EMULATOR.tsv\n",
        stderr);
    return 2;
  }
  std::vector<Deliberate> deliberate;
  Rows kernel;
  Rows emulator;
  if ((deliberate_path != nullptr && !read_deliberate(deliberate_path, scope, deliberate)) ||
      !read_rows(words[optind], only, kernel) || !read_rows(words[optind + 1], only, emulator)) {
    return 2;
  }
  Report report(std::move(deliberate));
  report.compare(kernel, emulator);
  if (only.empty()) {
    report.unused();
  }
  return report.finish(scope);
}
