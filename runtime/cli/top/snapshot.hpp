// What `daxemu top` shows, read from a platform at one moment.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "emu/mm/holder_table.hpp"
#include "emu/store/store.hpp"
#include "runtime/cli/state/bus_objects.hpp"
#include "runtime/cli/state/platform_users.hpp"
#include "runtime/cli/state/statistics.hpp"
#include "runtime/cli/top/extent_map.hpp"

namespace daxemu::cli {

struct DeviceSnapshot {
  std::string name = {};
  std::uint64_t size = 0;
  std::uint64_t align = 0;
  std::string state = {};   // "devdax", "disabled", "system-ram"
  std::string backing = {}; // its kind
  std::string reason = {};
  DeviceTotals totals = {};
  double faults_per_second = 0; // since the snapshot before
  ExtentMap map = {};
};

struct ProcessSnapshot {
  int pid = 0;
  std::string command = {}; // /proc/PID/comm
  std::string engine = {};  // in effect there
  std::uint64_t gets = 0;
  std::uint64_t pins = 0; // calls' pages it holds over all devices
  bool longterm = false;
};

struct PlatformSnapshot {
  std::string name = {};
  std::string engine = {}; // asked for
  std::uint64_t at_ns = 0; // CLOCK_MONOTONIC
  std::uint64_t age_seconds = 0;
  std::vector<DeviceSnapshot> devices = {};
  std::vector<BusObject> objects = {};         // CXL regions and namespaces
  std::vector<ProcessSnapshot> processes = {}; // those that use it, by pid
};

// Takes snapshots of one platform; keeps its folio files open in between.
class Observer {
public:
  // `location` is what the store was opened from.
  Observer(store::Store store, std::string location) : store_(std::move(store)), location_(std::move(location)) {}

  // `cells`: how many the extent map of each device may have.
  [[nodiscard]] PlatformSnapshot look(std::uint64_t cells);

  // Has the platform been destroyed, or its `daxemu run` ended?
  [[nodiscard]] bool ended() const;

private:
  struct Folios {
    UniqueFd fd;
    mm::FolioTable table;
    mm::HolderTable holders;
  };
  Folios* folios_of(const store::DeviceRecord& device);

  store::Store store_;
  std::string location_;
  std::map<std::string, Folios> folios_; // by location: a device created anew has another file
  std::map<std::string, std::uint64_t> faults_before_;
  std::uint64_t looked_at_ns_ = 0;
};

// The snapshot as one object, extent maps as numbers by state.
[[nodiscard]] std::string snapshot_json(const PlatformSnapshot& snapshot);

} // namespace daxemu::cli
