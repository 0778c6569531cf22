// What processes share of a CXL topology: PCI functions, ports, dports, decoders, memdevs and regions, by the names
// that drivers/cxl gives them (cxl.h, cxlmem.h). Objects refer to each other by index + 1 in their table (0: none), so
// that all-zero bytes are a platform without CXL. The rules that change them are emu/cxl's.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <type_traits>

#include "emu/base/sha256.hpp"
#include "emu/base/text/fixed_string.hpp"
#include "emu/store/records/nd_records.hpp"
#include "emu/store/records/power_bits.hpp"
#include "emu/store/records/trace_event_records.hpp"

namespace daxemu::store {

inline constexpr std::size_t kMaxCxlPciDevices = 512;
inline constexpr std::size_t kMaxCxlPorts = 256;     // root, host bridges, switches, and an endpoint for each memdev
inline constexpr std::size_t kMaxCxlDports = 512;    // of all ports together
inline constexpr std::size_t kMaxCxlDecoders = 1024; // of all ports together
inline constexpr std::size_t kMaxCxlMemdevs = 128;
inline constexpr std::size_t kMaxCxlRegions = 64;
inline constexpr std::size_t kMaxCxlWays = 16; // CXL_DECODER_MAX_INTERLEAVE
inline constexpr std::size_t kMaxCxlWindows = 32;
inline constexpr std::size_t kMaxCxlPoison = 64; // entries of a memdev's poison list

// A function of the invented PCI hierarchy. Paths nest as the bus does: libcxl finds the dport of a memdev by its path.
enum class CxlPciKind : std::uint32_t { none, host_bridge, root_port, upstream_port, downstream_port, memory_device };
struct CxlPciRecord {
  CxlPciKind kind = CxlPciKind::none;
  std::uint32_t parent = 0;      // the function above; 0: a host bridge, right below /sys/devices
  std::uint32_t bus = 0;         // of its own address; of a host bridge that of its root bus, the 0c of pci0000:0c
  std::uint32_t slot = 0;        // device number, 0 to 31
  std::uint32_t function = 0;    // 0 to 7
  std::uint32_t secondary = 0;   // bus below a port
  std::uint32_t subordinate = 0; // last bus below it
  std::uint32_t uid = 0;         // of a host bridge: the N of ACPI0016:0N
  std::uint32_t port_number = 0; // of a root or downstream port: what target lists call it
  std::uint32_t decoders = 0;    // of a host bridge or upstream port: what its registers have; 0: passthrough
  std::uint32_t unbound = 0;     // 1: its driver (cxl_pci of a memory device, pcieport of a port) let go of it
  std::uint32_t removed = 0;     // 1: gone from the bus
};

enum class CxlPortKind : std::uint32_t { none, root, host_bridge, switch_port, endpoint };
// rootN, portN or endpointN (struct cxl_port).
struct CxlPortRecord {
  CxlPortKind kind = CxlPortKind::none; // none: the record is free
  std::uint32_t id = 0;                 // the N: lowest free one when it was added (cxl_port_ida)
  std::uint32_t parent = 0;             // the port above
  std::uint32_t parent_dport = 0;       // dport of that, through which it is reached
  std::uint32_t uport = 0;              // PCI function of a host bridge or switch; memdev of an endpoint
  std::uint32_t unbound = 0;            // 1: cxl_port let go of it
  std::uint32_t depth = 0;              // 0: the root
  std::uint32_t decoders = 0;           // how many it has
  std::uint32_t hdm_end = 0;            // decoders of an endpoint that have DPA: 1 + the last one's id
  std::uint32_t commit_end = 0;         // decoders that are committed: 1 + the last one's id
  std::uint32_t passthrough = 0;        // 1: has no decoder registers, and one made-up decoder
  std::uint32_t added = 0;              // how many were added before it
};

// A way down from a port (struct cxl_dport).
struct CxlDportRecord {
  std::uint32_t port = 0;    // 0: the record is free
  std::uint32_t port_id = 0; // what target lists say, and the N of dportN
  std::uint32_t pci = 0;     // the function that it is: a host bridge, a root or a downstream port
};

enum class CxlMode : std::uint32_t { none, ram, pmem };
inline constexpr std::uint32_t kCxlCapRam = 1; // CXL_DECODER_F_*
inline constexpr std::uint32_t kCxlCapPmem = 2;
inline constexpr std::uint32_t kCxlCapType2 = 4;
inline constexpr std::uint32_t kCxlCapType3 = 8;
inline constexpr std::uint32_t kCxlXorArithmetic = 64; // of a window and its root decoder, beside those
inline constexpr std::uint32_t kCxlLocked = 16;
inline constexpr std::uint32_t kCxlEnabled = 32; // committed
// decoderP.D of the root (a window), of a port, or of an endpoint.
struct CxlDecoderRecord {
  std::uint32_t port = 0; // 0: the record is free
  std::uint32_t id = 0;   // the D
  std::uint32_t flags = 0;
  std::uint32_t ways = 0;
  std::uint32_t granularity = 0;                    // bytes
  std::uint32_t region = 0;                         // that it decodes for
  std::uint64_t start = 0;                          // HPA; of a root decoder the window's
  std::uint64_t size = 0;                           // bytes; 0: decodes nothing
  std::int32_t qos_class = 0;                       // of a root decoder
  std::int32_t target_node = 0;                     // of a root decoder: node its memory comes up on; -1: none
  std::uint32_t next_region = 0;                    // of a root decoder: id that its next region gets, taken already
  std::uint32_t nr_targets = 0;                     // of a root or switch decoder: room in `targets`
  std::array<std::uint32_t, kMaxCxlWays> targets{}; // dports by position
  // Of an endpoint decoder.
  CxlMode mode = CxlMode::none;
  std::uint32_t position = 0;  // in its region; valid if `region`
  std::uint64_t dpa_start = 0; // bytes; valid if dpa_size
  std::uint64_t dpa_size = 0;
  std::uint64_t dpa_skip = 0;  // bytes of the volatile partition that are left out before it
  std::uint64_t ref_ports = 0; // ports that know it as one of its region: a bit for each depth
  // Of the reference of a port to the region that the decoder is for (struct cxl_region_ref); valid if `region`.
  std::uint32_t ref_endpoints = 0;
  std::uint32_t ref_targets = 0;
  std::uint32_t ref_targets_set = 0;
};

// What the registers of a decoder were last committed with; hardware keeps it while ports come and go.
struct CxlRegistersRecord {
  std::uint32_t function = 0; // PCI function that has them; 0: the record is free
  std::uint32_t decoder = 0;  // its id there
  std::uint32_t ways = 0;
  std::uint32_t granularity = 0;            // bytes
  std::array<std::uint8_t, 8> target_ids{}; // port ids of dports; not of an endpoint
};

enum class CxlRegionState : std::uint32_t { idle, interleave_active, active, reset_pending, commit };
// regionN, from the write of its name to create_*_region to that to delete_region (struct cxl_region).
struct CxlRegionRecord {
  std::uint32_t used = 0;
  std::uint32_t id = 0;
  std::uint32_t root_decoder = 0;
  CxlMode mode = CxlMode::none;
  CxlRegionState state = CxlRegionState::idle;
  std::uint32_t ways = 0;
  std::uint32_t granularity = 0; // bytes
  std::uint32_t nr_targets = 0;
  std::array<std::uint32_t, kMaxCxlWays> targets{}; // endpoint decoders by position
  Uuid uuid{};
  std::uint64_t start = 0;         // HPA; valid if size
  std::uint64_t size = 0;          // bytes
  std::uint32_t needs_reset = 0;   // CXL_REGION_F_NEEDS_RESET
  std::uint32_t bound = 0;         // 1: to cxl_region
  std::uint32_t derived = 0;       // 1: dax_regionN or pmem_regionN is there
  std::uint32_t derived_bound = 0; // 1: that is bound, to cxl_dax_region or cxl_pmem_region
  std::uint32_t region = 0;        // the RegionRecord that it has become: a dax region, or one of the nd bus
  std::uint64_t born = 0;          // 1 and how many were made before it: what is open of an earlier one is not of it
};

// A stretch of device addresses that reads as a media error.
struct CxlPoisonRecord {
  std::uint64_t start = 0;  // DPA, a multiple of 64
  std::uint64_t length = 0; // bytes, a multiple of 64
  std::uint32_t source = 0; // enum cxl_poison_source: 0 unknown, 1 external, 2 internal, 3 injected, 7 vendor
};

// What a device keeps that only its mailbox shows, and the kernel of its firmware loader (struct fw_priv,
// fw_upload_priv) and of a sanitization. Times are CLOCK_BOOTTIME in ns: what takes time is over when it is, and nobody
// waits for it.
struct CxlMailboxRecord {
  std::array<std::uint8_t, 16> alerts{}; // Get Alert Configuration, as it was set
  std::uint32_t alerts_set = 0;          // 1: `alerts` counts; 0: what the device has from the factory
  std::uint32_t fw_active = 0;           // slot of the running firmware - 1
  std::uint32_t fw_staged = 0;           // slot of the next reset; 0: none
  std::uint32_t fw_filled = 0;           // bit N: slot N + 1 was given a package
  std::uint32_t fw_loading = 0;          // 1: `loading` is 1
  std::uint64_t upload_canceled = 0;     // time at which `cancel` was written; 0: it was not, or that was heard
  std::uint32_t upload_error = 0;        // why the last one failed (enum fw_upload_err)
  std::uint32_t upload_error_at = 0;     // and where (enum fw_upload_prog)
  std::uint64_t fw_bytes = 0;            // that `data` has got
  std::uint64_t upload_bytes = 0;        // of the upload under way, or of the last one what was not written
  std::uint64_t upload_started = 0;      // time; 0: none under way
  std::uint64_t sanitize_until = 0;      // time; 0: none ever
  std::uint32_t sanitized = 0;           // how many were begun: poll(2) of `state` tells of each one's end
  std::uint64_t sanitize_ms = 0;         // what somebody told the mock that one takes
  Sha256 fw_hash;                        // of what `data` has got
  // Passphrases of the persistent memory (the keys they came from, hashed); valid while `security` says they are set.
  std::array<std::uint8_t, 32> user_passphrase{};
  std::array<std::uint8_t, 32> master_passphrase{};
  std::uint32_t user_misses = 0; // wrong ones that were tried
  std::uint32_t master_misses = 0;
};

// memN and what its device keeps (struct cxl_memdev, cxl_dev_state, cxl_memdev_state).
struct CxlMemdevRecord {
  std::uint32_t used = 0;
  std::uint32_t id = 0;             // the N
  std::uint32_t pci = 0;            // its function
  std::uint32_t endpoint = 0;       // its endpoint port; 0: cxl_mem is not bound
  std::uint32_t unbound = 0;        // 1: cxl_mem let go of it
  std::uint32_t has_nvdimm = 0;     // 1: pmemN is there
  std::uint32_t nvdimm_unbound = 0; // 1: cxl_nvdimm let go of that
  std::int32_t numa_node = 0;       // -1: none
  std::uint32_t minor = 0;          // of /dev/cxl/memN
  std::uint32_t decoders = 0;       // that its endpoint has
  std::uint64_t serial = 0;
  std::uint64_t ram_size = 0; // bytes, as the device is partitioned now
  std::uint64_t pmem_size = 0;
  std::uint64_t only_ram = 0; // bytes that are volatile, however it is partitioned
  std::uint64_t only_pmem = 0;
  std::uint64_t next_ram = 0; // after its next reset (Set Partition Info); both 0: as now
  std::uint64_t next_pmem = 0;
  std::uint64_t partition_align = 0; // bytes; 0: cannot be partitioned
  std::uint64_t label_size = 0;      // bytes of its label area
  std::uint64_t payload_max = 0;     // bytes
  FixedString<32> firmware;
  std::uint32_t shutdown_state = 0; // 1: dirty
  std::uint32_t security = 0;       // flags of Get Security State
  std::uint32_t bytes_slot = 0;     // the BackingSlot that has its media by DPA; 0: none yet
  std::uint32_t labels_slot = 0;    // the BackingSlot that has its label area; 0: none yet
  std::uint32_t dimm = 0;           // 1 + the N of nmemN, its DIMM on the nd bus; 0: none
  std::uint32_t dimm_unbound = 0;   // 1: nvdimm let go of that
  std::uint32_t share_number = 0;   // 1 + its number in its share (emu/nd/share); 0: its platform has it alone
  CxlMailboxRecord mailbox;
  std::uint32_t poison_count = 0;
  std::array<CxlPoisonRecord, kMaxCxlPoison> poison{}; // by address
};

// A window as the firmware tells of it (CFMWS); root decoders are made of these while cxl_acpi is bound.
struct CxlWindowRecord {
  std::uint64_t start = 0;
  std::uint64_t size = 0;
  std::uint32_t flags = 0; // kCxlCap*
  std::uint32_t ways = 0;
  std::uint32_t granularity = 0; // bytes
  std::int32_t qos_class = 0;
  std::int32_t target_node = 0;                     // -1: none
  std::array<std::uint32_t, kMaxCxlWays> targets{}; // host bridges among the PCI functions
};

// The topology and its configuration, which changes as a whole or not at all (emu/cxl/change.hpp).
struct CxlState {
  std::uint32_t present = 0;        // 1 once enumerated
  std::uint32_t mock = 0;           // 1: shown as the platform devices of the kernel's cxl_test
  std::uint32_t bridge_unbound = 0; // 1: cxl_nvdimm_bridge let go of nvdimm-bridge0
  std::uint32_t acpi_unbound = 0;   // 1: cxl_acpi let go of ACPI0017:00: there are no ports
  std::uint32_t windows_used = 0;
  std::uint32_t pci_used = 0; // high-water marks of the tables
  std::uint32_t ports_used = 0;
  std::uint32_t ports_added = 0; // ever
  std::uint32_t dports_used = 0;
  std::uint32_t decoders_used = 0;
  std::uint32_t memdevs_used = 0;
  std::uint32_t regions_used = 0;
  std::uint32_t registers_used = 0;
  std::uint64_t regions_made = 0; // ever
  std::array<CxlWindowRecord, kMaxCxlWindows> windows{};
  std::array<CxlPciRecord, kMaxCxlPciDevices> pci{};
  std::array<CxlPortRecord, kMaxCxlPorts> ports{};
  std::array<CxlDportRecord, kMaxCxlDports> dports{};
  std::array<CxlDecoderRecord, kMaxCxlDecoders> decoders{};
  std::array<CxlMemdevRecord, kMaxCxlMemdevs> memdevs{};
  std::array<CxlRegionRecord, kMaxCxlRegions> regions{};
  std::array<CxlRegistersRecord, kMaxCxlDecoders> registers{};
};
static_assert(std::is_trivially_copyable_v<CxlState>);

struct CxlRecord {
  std::uint32_t major = 0;         // of /dev/cxl/memN
  std::uint32_t autoprobe_off = 0; // drivers_autoprobe of the cxl bus is 0
  std::uint32_t raw_allow_all = 0; // raw mailbox commands are let through (debugfs)
  CxlState state;
  std::atomic<std::uint32_t> changing{0}; // 1: `before` is what a changer that dies leaves to be put back
  CxlState before;
  std::uint64_t poison_seen = 0;   // how far its memdevs have what happened to the media of a share
  std::uint32_t share_member = 0;  // which one of its share the platform is
  FixedString<4096> acpi_override; // driver_override of ACPI0017:00
  // power/ of what has one: the things of the bus do not (device_set_pm_not_required).
  PowerBits acpi_power{0};
  PowerBits root_firmware_power{0};                          // of the firmware's ACPI0017:00
  std::array<PowerBits, kMaxCxlPciDevices> pci_power{};      // bits that differ from what a function begins with
  std::array<PowerBits, kMaxCxlPciDevices> pci_bus_power{};  // of pci_bus/0000:BB below it
  std::array<PowerBits, kMaxCxlPciDevices> firmware_power{}; // of a host bridge's ACPI0016:NN
  std::array<PowerBits, kMaxCxlMemdevs> memdev_power{};      // of firmware/memN
  TraceBuffersRecord traced;                                 // /sys/kernel/tracing
};

} // namespace daxemu::store
