#include "tests/sequences/memory/memory_words.hpp"

#include <cstddef>
#include <cstdlib>

#include <linux/mman.h>
#include <sys/mman.h>

namespace sequences {
namespace {

struct Word {
  const char* word;
  int value;
};

constexpr Word kMapFlags[] = {{"shared", MAP_SHARED},
                              {"private", MAP_PRIVATE},
                              {"validate", MAP_SHARED_VALIDATE},
                              {"fixed", MAP_FIXED},
                              {"noreplace", MAP_FIXED_NOREPLACE},
                              {"anon", MAP_ANONYMOUS},
                              {"populate", MAP_POPULATE},
                              {"locked", MAP_LOCKED},
                              {"noreserve", MAP_NORESERVE},
                              {"nonblock", MAP_NONBLOCK},
                              {"sync", MAP_SYNC},
                              {"hugetlb", MAP_HUGETLB},
                              {"growsdown", MAP_GROWSDOWN},
                              {"-", 0}};
// By their numbers: the C library's headers know fewer.
constexpr Word kAdvice[] = {{"normal", 0},      {"random", 1},         {"sequential", 2},      {"willneed", 3},
                            {"dontneed", 4},    {"free", 8},           {"remove", 9},          {"dontfork", 10},
                            {"dofork", 11},     {"mergeable", 12},     {"unmergeable", 13},    {"hugepage", 14},
                            {"nohugepage", 15}, {"dontdump", 16},      {"dodump", 17},         {"wipeonfork", 18},
                            {"keeponfork", 19}, {"populate-read", 22}, {"populate-write", 23}, {"dontneed-locked", 24},
                            {"collapse", 25}};
constexpr Word kRemapFlags[] = {{"maymove", 1}, {"fixed", 2}, {"dontunmap", 4}, {"-", 0}};
constexpr Word kSyncFlags[] = {{"async", MS_ASYNC}, {"invalidate", MS_INVALIDATE}, {"sync", MS_SYNC}, {"-", 0}};

template <std::size_t Count>
int value_of(const Word (&table)[Count], const std::string& text) {
  int value = 0;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t comma = text.find(',', at) == std::string::npos ? text.size() : text.find(',', at);
    const std::string one = text.substr(at, comma - at);
    bool known = false;
    for (const Word& word : table) {
      if (one == word.word) {
        value |= word.value;
        known = true;
      }
    }
    value |= known ? 0 : static_cast<int>(std::strtol(one.c_str(), nullptr, 0));
    at = comma + 1;
  }
  return value;
}

} // namespace

int prot_of(const std::string& word) {
  const auto has = [&word](char letter) { return word.find(letter) != std::string::npos; };
  return (has('r') ? PROT_READ : 0) | (has('w') ? PROT_WRITE : 0) | (has('x') ? PROT_EXEC : 0);
}

int map_flags_of(const std::string& word) {
  return value_of(kMapFlags, word);
}
int advice_of(const std::string& word) {
  return value_of(kAdvice, word);
}
int remap_flags_of(const std::string& word) {
  return value_of(kRemapFlags, word);
}
int sync_flags_of(const std::string& word) {
  return value_of(kSyncFlags, word);
}

} // namespace sequences
