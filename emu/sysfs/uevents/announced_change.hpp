// A change of the configuration that is heard of: whatever it adds, binds, unbinds or removes, however it does so,
// becomes a uevent when it ends, before anybody else can change anything.
#pragma once

#include <array>

#include "emu/dax/change.hpp"
#include "emu/sysfs/schema/schema.hpp"

namespace daxemu::sysfs {

// What of a platform can come, go and be bound.
class Presence {
public:
  Presence() = default;
  explicit Presence(const store::Store& store);
  // Says what has happened between `before` and now.
  void announce_since(const Presence& before, const store::Store& store) const;

private:
  static constexpr std::size_t kMostDevices = 1024; // Capacity::devices
  static constexpr std::size_t kMostRegions = 64;   // Capacity::regions
  struct NdHolder {
    store::NdKind kind = store::NdKind::none;
    std::uint32_t id = 0;
    bool bound = false;
  };
  struct NdRegion {
    bool present = false;  // a region of the nd bus
    bool space = false;    // a namespace of one with labels
    bool labelled = false; // a region that has them
    bool bound = false;
    std::uint64_t disk = 0; // number of the one that its namespace has; 0: none
    NdHolder owner;         // of that one; of no kind: it is raw
    std::array<NdHolder, store::kMaxNdHolders> holders{};
  };

  struct Dimm {
    std::uint32_t number = 0; // 1 + the N of nmemN; 0: none
    bool bound = false;
  };

  static void say_disk(const Scope& space, const NdRegion& had, bool comes);
  void announce_disks(const Presence& before, const store::Store& store, bool comes, bool of_holders) const;
  void announce_gone(const Presence& before, const Scope& region, std::size_t index) const;
  void announce_come(const Presence& before, const Scope& region, std::size_t index, bool seeds) const;

  void announce_spaces(const Presence& before, const Scope& region, std::string_view action) const;
  void announce_dimms(const Presence& before, const store::Store& store, bool comes) const;

  std::array<std::uint8_t, kMostDevices> devices_{}; // DeviceState
  std::array<NdRegion, kMostRegions> regions_{};
  std::array<Dimm, store::kMaxCxlMemdevs + store::kMaxNfitDimms> dimms_{};
};

class AnnouncedChange {
public:
  // Errors: those of dax::Change::begin.
  [[nodiscard]] static Result<AnnouncedChange> begin(const store::Store& store);
  AnnouncedChange(AnnouncedChange&& other) noexcept;
  AnnouncedChange& operator=(AnnouncedChange&&) = delete;
  AnnouncedChange(const AnnouncedChange&) = delete;
  AnnouncedChange& operator=(const AnnouncedChange&) = delete;
  ~AnnouncedChange();

private:
  AnnouncedChange(const store::Store& store, dax::Change change);

  const store::Store* store_;
  dax::Change change_;
  Presence before_;
};

} // namespace daxemu::sysfs
