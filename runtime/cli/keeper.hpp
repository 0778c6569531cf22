// Holds an ephemeral platform: the store, the devices' bytes and their folio records are memory files of this process,
// which others open through /proc/PID/fd. When the keeper ends, however it ends, nothing is left behind.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "emu/base/result.hpp"
#include "emu/base/unique_fd.hpp"
#include "emu/dax/device_name.hpp"
#include "emu/store/store.hpp"

namespace daxemu::cli {

struct PlatformOptions {
  dax::DeviceName device;
  std::uint64_t size = 4ULL << 30; // bytes
  std::uint64_t align = 2ULL << 20;
  store::RegionKind region = store::RegionKind::hmem;
  std::optional<store::BackingKind> backing;
  std::optional<int> numa_node;
  store::EngineKind engine = store::EngineKind::automatic;
};

class Keeper {
public:
  // Builds the platform. Errors: those of check_geometry, backing::create and the store.
  [[nodiscard]] static Outcome<Keeper> build(const PlatformOptions& options);

  [[nodiscard]] const store::Store& store() const { return store_; }
  // What DAXEMU_PLATFORM must say.
  [[nodiscard]] std::string location() const;

private:
  Keeper(store::Store store, std::vector<UniqueFd> held) : store_(std::move(store)), held_(std::move(held)) {}
  store::Store store_;
  std::vector<UniqueFd> held_;
};

} // namespace daxemu::cli
