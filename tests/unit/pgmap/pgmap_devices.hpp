// Pgmaps over devices that are nothing but folio records, for tests of the model.
#pragma once

#include <array>
#include <mutex>

#include "emu/pgmap/memory_failure.hpp"
#include "emu/pgmap/memory_types.hpp"
#include "tests/unit/mm/mm_devices.hpp"

namespace daxemu::pgmap {

inline constexpr std::uint64_t kFirstPfn = 0x40'0000;
inline constexpr int kOwner = 0;

// Device-dax as no kernel has it: gup-fast takes every long-term pin, unbinding waits for references, page tables hold
// none.
inline constexpr Behaviours kIdealDax = {Behaviour::file_mapping,    Behaviour::compound,
                                         Behaviour::count_from_one,  Behaviour::direct_map,
                                         Behaviour::wait_for_folios, Behaviour::generic_failure};

// A named memory type, of a kernel: "FS_DAX_6_1".
inline Behaviours type_named(const char* name) {
  auto set = preset(name, kProfiles[0]);
  EXPECT_TRUE(set) << set.error().what;
  return *set;
}

// Every operation a set may require, counting its calls.
struct CountedOps {
  std::atomic<int> freed{0};
  std::atomic<int> migrated{0};
  [[nodiscard]] PagemapOps ops() {
    PagemapOps ops;
    ops.folio_free = [this](const mm::Folio&) { ++freed; };
    ops.migrate_to_ram = [this](const mm::Folio&, std::byte*) -> Result<void> {
      ++migrated;
      return {};
    };
    return ops;
  }
};

// A pgmap of `folios` folios; its records stay in `file`, for tests that look from a second process or mapping.
struct Device {
  Device(mm::MemMap& map, Behaviours set, unsigned order, std::uint64_t folios, PagemapOps ops,
         std::uint64_t first = kFirstPfn)
      : file(mm::folio_file(folios)),
        pages(mm::device_at(first, order, folios, file.get(), set.has(Behaviour::count_from_one))) {
    auto made = DevPagemap::memremap_pages(map, {pages, set, &kOwner, std::move(ops)});
    EXPECT_TRUE(made) << made.error().what;
    pgmap = std::move(*made);
  }
  [[nodiscard]] mm::Folio folio(std::uint64_t extent) const { return *mm::folio_of(*pages, ExtentIndex(extent)); }

  UniqueFd file;
  std::shared_ptr<mm::DevicePages> pages;
  std::unique_ptr<DevPagemap> pgmap;
};

// What a runtime was asked to do to processes.
class RecordedReach final : public MappingReach {
public:
  struct Kill {
    ExtentIndex extent;
    Pfn bad;
    unsigned lsb = 0;
    bool poisoned_before = false; // was the folio marked already when the mappings went?
  };
  void unmap_and_kill(const mm::Folio& folio, Pfn bad, unsigned lsb) override {
    const std::lock_guard lock(mutex_);
    kills.push_back({folio.extent(), bad, lsb, folio.hwpoison()});
  }
  void unmap(const mm::Folio& folio) override {
    const std::lock_guard lock(mutex_);
    unmapped.push_back(folio.extent());
  }
  std::vector<Kill> kills;
  std::vector<ExtentIndex> unmapped;

private:
  std::mutex mutex_;
};

} // namespace daxemu::pgmap
