#include "runtime/cli/plan/nd/region_flag.hpp"

#include <bit>
#include <charconv>
#include <string_view>

#include <fmt/format.h>

#include "runtime/cli/plan/words.hpp"

namespace daxemu::cli {
namespace {

constexpr const char* kRemedy = "write pmem,dimms=2,labels, for example";

} // namespace

Outcome<void> check_dimms(const std::string& bus, DimmPlan& dimms) {
  if (dimms.count == 0 || dimms.count > store::kMaxNfitDimms || !std::has_single_bit(dimms.count)) {
    return refuse(EINVAL, fmt::format("a region cannot be interleaved over {} DIMMs", dimms.count),
                  "use 1, 2, 4, 8 or 16");
  }
  constexpr Word<bool> kBuses[] = {{"ACPI.NFIT", false}, {"nfit_test.0", true}};
  return bus.empty() ? Outcome<void>() : read_word("bus", bus, kBuses, dimms.mock);
}

Outcome<void> read_region_flag(const std::string& text, store::RegionKind& kind, DimmPlan& dimms) {
  const std::size_t comma = text.find(',');
  if (auto read = read_word("--region", text.substr(0, comma), kRegionsOfFlags, kind); !read) {
    return read;
  }
  if (comma == std::string::npos) {
    return {};
  }
  if (kind != store::RegionKind::pmem) {
    return refuse(EINVAL, fmt::format("--region {}: only pmem has DIMMs", text), kRemedy);
  }
  bool labels = false;
  std::string bus;
  dimms.count = 1;
  std::string_view rest = std::string_view(text).substr(comma + 1);
  while (!rest.empty()) {
    const std::string_view word = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    if (word == "labels") {
      labels = true;
    } else if (word.starts_with("bus=")) {
      bus = word.substr(4);
    } else if (constexpr std::string_view kDimms = "dimms="; word.starts_with(kDimms)) {
      const char* end = word.data() + word.size();
      const auto parsed = std::from_chars(word.data() + kDimms.size(), end, dimms.count);
      dimms.count = parsed.ec == std::errc() && parsed.ptr == end ? dimms.count : 0;
    } else {
      return refuse(EINVAL, fmt::format("--region {}: '{}' is not known", text, word), kRemedy);
    }
  }
  if (!labels) {
    return refuse(EINVAL, fmt::format("--region {}: DIMMs without labels are not emulated", text),
                  "add labels: pmem,dimms=2,labels; a region without labels has no DIMMs: --region pmem");
  }
  if (auto fine = check_dimms(bus, dimms); !fine) {
    return refuse(EINVAL, fmt::format("--region {}: {}", text, fine.error().what), fine.error().remedy);
  }
  return {};
}

} // namespace daxemu::cli
