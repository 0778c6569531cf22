// The words by which flags and platform files name kinds of things.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "emu/base/result.hpp"
#include "emu/dax/builder.hpp"
#include "emu/store/records/records.hpp"
#include "runtime/cli/text/nearest.hpp"

namespace daxemu::cli {

template <class Value>
struct Word {
  const char* text;
  Value value;
};

inline constexpr Word<std::optional<store::BackingKind>> kBackings[] = {
    {"auto", std::nullopt}, {"hugetlb", store::BackingKind::hugetlb}, {"shmem", store::BackingKind::shmem}};
inline constexpr Word<store::EngineKind> kEngines[] = {{"auto", store::EngineKind::automatic},
                                                       {"handler", store::EngineKind::handler},
                                                       {"inline", store::EngineKind::inline_},
                                                       {"populate", store::EngineKind::populate}};
inline constexpr Word<store::RegionKind> kRegions[] = {{"hmem", store::RegionKind::hmem},
                                                       {"pmem", store::RegionKind::pmem}};
// Of flags: in a file a CXL bus has a key of its own.
inline constexpr Word<store::RegionKind> kRegionsOfFlags[] = {
    {"hmem", store::RegionKind::hmem}, {"pmem", store::RegionKind::pmem}, {"cxl", store::RegionKind::cxl}};

inline constexpr Word<dax::FirstDriver> kDriverWords[] = {{"device_dax", dax::FirstDriver::device_dax},
                                                          {"kmem", dax::FirstDriver::kmem},
                                                          {"fsdev_dax", dax::FirstDriver::fsdev_dax},
                                                          {"none", dax::FirstDriver::none},
                                                          {"default", dax::FirstDriver::kernels}};

// Sets `value` to that of `text` in a table of words, or refuses and lists them. `what` is the flag or key.
template <class Value, std::size_t Count>
Outcome<void> read_word(const char* what, const std::string& text, const Word<Value> (&words)[Count], Value& value) {
  std::string known;
  std::vector<std::string> candidates;
  for (const Word<Value>& word : words) {
    if (text == word.text) {
      value = word.value;
      return {};
    }
    candidates.emplace_back(word.text);
    known += (known.empty() ? "" : ", ") + std::string(word.text);
  }
  const std::string near = nearest(text, candidates);
  return refuse(EINVAL, fmt::format("{} {} is not known", what, text),
                (near.empty() ? "" : fmt::format("did you mean {}? ", near)) + "use one of: " + known);
}

} // namespace daxemu::cli
