// What an administrator does to have a namespace, all at once: when a platform is built.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "emu/base/result.hpp"
#include "emu/base/units.hpp"
#include "emu/store/store.hpp"

namespace daxemu::nd {

struct NamespaceSpec {
  std::uint64_t size = 0;                            // bytes, with what its info block takes; 0: an empty one
  std::optional<std::uint32_t> id = std::nullopt;    // the Y of namespaceX.Y; nothing: the next one
  std::optional<std::uint64_t> start = std::nullopt; // bytes from the region's; nothing: the lowest place that is free
  std::optional<store::Uuid> uuid = std::nullopt;    // nothing: one made here
  std::string name;                                  // alt_name
  std::uint64_t sector_size = 0;                     // bytes, of a btt too; 0: not chosen, of a btt 4096
  store::NdKind kind = store::NdKind::dax;           // what it is used as; none: a raw disk
  bool enabled = true;                               // its device or its disk is there
  // Of a dax or pfn.
  store::NdPages pages = store::NdPages::ram;
  std::uint64_t align = kPmdSize; // bytes of its extents
  // Of a dax, pfn or btt.
  std::optional<std::uint32_t> holder = std::nullopt;    // the Y of its daxX.Y; nothing: the next one, if it is enabled
  std::optional<store::Uuid> holder_uuid = std::nullopt; // of its info block; nothing: that of the namespace
};

// Of a region with labels that nd_region has. The caller holds a Change. Errors: ENOSPC (no record is left), EEXIST (a
// namespace or a dax has that number), those of the writes.
Result<void> make_namespace(const store::Store& store, store::RegionRecord& region, const NamespaceSpec& spec);

} // namespace daxemu::nd
