#include "emu/mm/device_pages.hpp"

#include <algorithm>

#include "emu/base/text/size_text.hpp"

namespace daxemu::mm {
namespace {

constexpr unsigned kMaxOrder = 18; // 1G, the largest extent x86-64 maps by one entry

std::string range_text(const PfnRange& range) {
  return "range of " + std::to_string(range.nr_pages) + " pages at pfn " + std::to_string(range.first.value()) +
         ", page " + std::to_string(range.pgoff) + " of the device,";
}

Outcome<void> check_ranges(std::span<const PfnRange> ranges, unsigned order) {
  const std::uint64_t unit = 1ULL << order;
  std::uint64_t expected = 0;
  for (const PfnRange& range : ranges) {
    if (range.nr_pages == 0 || !is_aligned(range.first.value() | range.pgoff | range.nr_pages, unit)) {
      return refuse(EINVAL, range_text(range) + " is not made of whole folios",
                    "align it to " + size_text(unit << kPageShift));
    }
    if (range.first.value() + range.nr_pages > kMaxPfn) {
      return refuse(EINVAL, range_text(range) + " ends beyond the 48 physical address bits", "choose lower addresses");
    }
    if (range.pgoff != expected) {
      return refuse(EINVAL,
                    range_text(range) + " does not follow its predecessor (page " + std::to_string(expected) + ")",
                    "number the ranges' pages without holes or overlaps");
    }
    expected += range.nr_pages;
    for (const PfnRange& other : ranges) {
      if (&other != &range && range.first < other.first + other.nr_pages &&
          other.first < range.first + range.nr_pages) {
        return refuse(EINVAL, range_text(range) + " overlaps another range", "give each range frames of its own");
      }
    }
  }
  return {};
}

} // namespace

Outcome<std::shared_ptr<DevicePages>> DevicePages::make(Spec spec) {
  if (spec.order > kMaxOrder) {
    return refuse(EINVAL, "folios of order " + std::to_string(spec.order) + " are larger than 1G",
                  "use an order of 18 or less");
  }
  if (spec.ranges.empty()) {
    return refuse(EINVAL, "the device has no range", "give it one at least");
  }
  std::sort(spec.ranges.begin(), spec.ranges.end(), [](const auto& a, const auto& b) { return a.pgoff < b.pgoff; });
  if (auto fine = check_ranges(spec.ranges, spec.order); !fine) {
    return tl::unexpected(fine.error());
  }
  const PfnRange& last = spec.ranges.back();
  const std::uint64_t needed = (last.pgoff + last.nr_pages) >> spec.order;
  if (spec.folios.size() < needed) {
    return refuse(EINVAL,
                  "the table has " + std::to_string(spec.folios.size()) + " folios, the ranges need " +
                      std::to_string(needed),
                  "map a table of the device's own size");
  }
  return std::shared_ptr<DevicePages>(new DevicePages(std::move(spec)));
}

DevicePages::DevicePages(Spec spec)
    : ranges_(std::move(spec.ranges)), order_(spec.order), starts_at_one_(spec.starts_at_one),
      folio_count_((ranges_.back().pgoff + ranges_.back().nr_pages) >> spec.order), folios_(std::move(spec.folios)),
      holders_(std::move(spec.holders)), direct_map_(spec.direct_map) {}

std::optional<std::uint64_t> DevicePages::pgoff_of(Pfn pfn) const {
  for (const PfnRange& range : ranges_) { // at most 16 (store::kMaxRanges)
    if (pfn >= range.first && pfn - range.first < range.nr_pages) {
      return range.pgoff + (pfn - range.first);
    }
  }
  return std::nullopt;
}

Result<PfnRange> DevicePages::run_at(std::uint64_t pgoff) const {
  for (const PfnRange& range : ranges_) {
    if (pgoff >= range.pgoff && pgoff - range.pgoff < range.nr_pages) {
      const std::uint64_t in = pgoff - range.pgoff;
      return PfnRange{range.first + in, range.nr_pages - in, pgoff};
    }
  }
  return fail(ENXIO);
}

} // namespace daxemu::mm
