// What a platform is to consist of, before it is built: its regions, their devices, where their memory belongs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emu/base/profile.hpp"
#include "emu/dax/builder.hpp"
#include "emu/dax/device/device_name.hpp"
#include "emu/nd/make_namespace.hpp"
#include "emu/nd/nfit/nfit.hpp"
#include "emu/store/store.hpp"
#include "runtime/cli/plan/cxl/cxl_plan.hpp"

namespace daxemu::cli {

// A machine that does not say where its memory is: devices without target_node, which kmem refuses.
inline constexpr int kNoNode = -1;
// The memory type of a device that asks for none: device-dax, as the platform's kernel has it.
inline constexpr std::string_view kDefaultType = "GENERIC";

// The DIMMs of a pmem region: it has labels then, and is on the nd bus of the firmware's table of DIMMs.
struct DimmPlan {
  std::uint32_t count = 0;            // 0: none, as of memory that the memory map declares
  std::vector<nd::NfitDimmSpec> each; // what is said of each; empty: nothing
  bool mock = false;                  // the bus is called as that of the kernel's nfit_test
};

// One device, and the region it is alone in: what the flags say by themselves.
struct PlatformOptions {
  dax::DeviceName device;
  std::uint64_t size = 4ULL << 30; // bytes
  std::uint64_t align = 2ULL << 20;
  store::RegionKind region = store::RegionKind::hmem;
  std::optional<store::BackingKind> backing;
  std::string image;              // absolute path of the file the contents come from and go to; empty: none
  bool snapshot = false;          // the image is read and never written
  std::optional<int> numa_node;   // one of this machine's, or kNoNode; nothing: its first, and memory from anywhere
  std::string type{kDefaultType}; // as DevicePlan::type
  dax::FirstDriver driver = dax::FirstDriver::device_dax;
  KernelId kernel = kDefaultProfile.id;
  std::string kernel_note; // as PlatformPlan::kernel_note
  store::EngineKind engine = store::EngineKind::automatic;
  bool exact = false; // each first touch of an extent is a fault of its own
  DimmPlan dimms;
};

struct DevicePlan {
  std::uint32_t id = 0;   // the Y of daxX.Y
  std::uint64_t size = 0; // bytes
  std::uint64_t align = 2ULL << 20;
  std::optional<store::BackingKind> backing; // nothing: the platform's
  std::string image;                         // as PlatformOptions::image
  std::string type{kDefaultType};            // a preset of pgmap::preset()
  dax::FirstDriver driver = dax::FirstDriver::device_dax;
  bool snapshot = false;
  std::optional<store::Uuid> uuid = std::nullopt; // of a namespace in devdax mode
};

struct RegionPlan {
  std::uint32_t id = 0; // the X
  store::RegionKind kind = store::RegionKind::hmem;
  std::uint64_t free = 0;       // bytes of a hmem region that are in no device yet
  std::optional<int> numa_node; // as PlatformOptions::numa_node
  std::vector<DevicePlan> devices;
  std::uint64_t start = 0; // lowest physical address it may begin at, a multiple of 1G; 0: behind the machine's memory
  DimmPlan dimms = {};     // of a pmem region; its devices are namespaces of it then
  std::optional<int> shown_numa_node =
      std::nullopt;                              // what its devices say, whatever nodes this machine has; or kNoNode
  std::optional<int> target_node = std::nullopt; // the memory's own, or kNoNode; nothing: a new one
  std::uint64_t align = 0; // of a region of DIMMs: bytes that namespaces are allocated in; 0: the kernel's choice
  std::vector<nd::NamespaceSpec> namespaces = {}; // of a region of DIMMs that has no devices here
};

struct PlatformPlan {
  KernelId kernel = kDefaultProfile.id; // which is mirrored
  std::string kernel_note;              // if another was asked for: what to tell the user
  store::EngineKind engine = store::EngineKind::automatic;
  bool exact = false;                        // as PlatformOptions::exact
  std::optional<store::BackingKind> backing; // for devices that do not say, and for those made later
  std::vector<RegionPlan> regions;
  CxlPlan cxl;

  PlatformPlan() = default;
  PlatformPlan(const PlatformOptions& one) // NOLINT(google-explicit-constructor): a plan of one device
      : kernel(one.kernel), engine(one.engine), exact(one.exact),
        backing(one.backing), regions{{one.device.region,
                                       one.region,
                                       0,
                                       one.numa_node,
                                       {{.id = one.device.id,
                                         .size = one.size,
                                         .align = one.align,
                                         .backing = {},
                                         .image = one.image,
                                         .type = one.type,
                                         .driver = one.driver,
                                         .snapshot = one.snapshot}},
                                       0,
                                       one.dimms}} {}
};

} // namespace daxemu::cli
