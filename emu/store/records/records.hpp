// What processes share: plain records of fixed size in the store's segment. All-zero bytes are a valid, empty record,
// so tables can be sparse memory nobody has touched. No pointer is stored but offset_ptr; no record owns a resource.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include <sys/types.h>

#include <boost/interprocess/offset_ptr.hpp>

#include "emu/base/profile.hpp"
#include "emu/base/text/fixed_string.hpp"
#include "emu/store/records/cxl_records.hpp"
#include "emu/store/records/mount_records.hpp"
#include "emu/store/records/nd_records.hpp"
#include "emu/store/records/power_bits.hpp"

namespace daxemu::store {

enum class RegionKind : std::uint32_t {
  hmem, // dynamic: devices can be created, resized, deleted (the kernel's dax_hmem driver)
  pmem, // static: one device per namespace, below an nd bus (the kernel's nd_pmem / dax_pmem drivers)
  cxl,  // dynamic, one device at first: what a volatile CXL region becomes (drivers/dax/cxl.c)
};
// Can devices be created, resized and deleted in it (is_static() in drivers/dax/bus.c says no)?
[[nodiscard]] constexpr bool is_dynamic(RegionKind kind) {
  return kind != RegionKind::pmem;
}

inline constexpr std::size_t kMaxCpus = 1024;
using CpuMask = std::array<std::uint64_t, kMaxCpus / 64>;

// The name of the only driver a platform device may be bound to; empty: any. A page, without newline and terminator.
using DriverOverride = FixedString<4096>;

// A dax_region. `used` is 1 once the other fields are valid.
struct RegionRecord {
  std::atomic<std::uint32_t> used{0};
  std::uint32_t id = 0; // the N of region N: X in daxX.Y
  RegionKind kind = RegionKind::hmem;
  std::int32_t numa_node = -1;
  std::int32_t target_node = 0;
  std::uint32_t seed = 0;     // index + 1 of the device `seed` shows; 0: none
  std::uint32_t youngest = 0; // index + 1 of the device `create` shows; 0: none
  std::uint32_t reserved = 0;
  std::uint64_t phys_start = 0;   // emulated physical address, bytes
  std::uint64_t size = 0;         // bytes
  std::uint64_t align = 0;        // bytes; every range of the region is a multiple of it
  CpuMask cpus{};                 // CPUs of the node its memory is placed on; all zero: anywhere
  NdRegionRecord nd;              // of a pmem region
  PowerBits power{0};             // of the platform device of an hmem region
  std::uint32_t cxl = 0;          // index + 1 of the CXL region that has become it; 0: none
  DriverOverride driver_override; // of the platform device of an hmem region
};

// A piece of a device: `size` bytes at emulated physical address `phys_start`, seen at page `pgoff` of the device
// (struct dev_dax_range).
struct RangeRecord {
  std::uint64_t pgoff = 0; // 4K pages from the device's start
  std::uint64_t phys_start = 0;
  std::uint64_t size = 0; // bytes
};
inline constexpr std::uint32_t kMaxRanges = 16;

enum class BackingKind : std::uint32_t { none, hugetlb, shmem, file };

// Where a device's bytes are. A process opens `location` to map them; by (st_dev, st_ino) a mapping of them is known in
// /proc/PID/maps.
struct BackingRecord {
  BackingKind kind = BackingKind::none;
  std::uint32_t reserved = 0;
  std::uint64_t st_dev = 0;
  std::uint64_t st_ino = 0;
  std::uint64_t page_size = 0; // bytes of the pages the bytes live in (4K, 2M or 1G)
  FixedString<128> location;
  FixedString<256> reason; // why this kind was chosen, for people
};

// The file that a descriptor of a device is one of (backing::FileSource::make_node): empty, and not the device's bytes,
// so that whoever reaches the kernel with such a descriptor past us cannot read or write a device. (st_dev, st_ino) is
// the identity by which a descriptor of the device is recognised, however it arrived; `location` is opened for a new
// one.
inline constexpr std::string_view kNodeSuffix = ".node"; // of its name, by which it is told from the bytes' file
struct NodeRecord {
  std::uint64_t st_dev = 0;
  std::uint64_t st_ino = 0; // 0: none
  FixedString<128> location;
};

// Of a file that the namespace of a region has, by the index of that: no number of a device.
inline constexpr std::uint32_t kDiskOwner = 1U << 31U;
// Of a file that a CXL memdev has, by the index of that: its media or its label area.
inline constexpr std::uint32_t kCxlOwner = 1U << 30U;

// A node made in advance, as those below are, for a device that is created later.
struct NodeSlot {
  std::atomic<std::uint32_t> owner{0}; // index + 1 of the device that has it, or kDiskOwner and a region; 0: free
  std::uint32_t uses = 0;              // how often it was handed out: the least used goes first, so that a descriptor
                                       // somebody kept is not soon taken for another device
  NodeRecord node;
  FixedString<32> name; // of the device that has it, or had it last
};

// A file that a device's bytes can live in, made in advance: whoever creates or grows a device may be any process, but
// the files must belong to the platform.
struct BackingSlot {
  std::atomic<std::uint32_t> owner{0}; // index + 1 of the device that has it, or kDiskOwner and a region; 0: free
  std::uint32_t uses = 0;              // how often it was handed out: the least used goes first
  BackingRecord backing;               // its file is empty while free
  FixedString<128> folios_location;
  // 1 + the number of its file among those of a share (emu/nd/share): not to be had but by it; 0: its platform's.
  std::uint32_t stretch = 0;
};

// /dev/daxX.Y exists in every state but absent (device_add makes the node); open(2) of it is ENXIO unless enabled or
// fsdev.
enum class DeviceState : std::uint32_t {
  absent,     // the record is free
  disabled,   // on the bus, no driver bound
  enabled,    // bound to device_dax
  system_ram, // bound to kmem
  fsdev,      // bound to fsdev_dax
};

// `state` of a device that kmem has (struct dax_kmem_data): how its memory was made blocks, whatever was done to single
// blocks since.
enum class KmemState : std::uint32_t { unplugged, offline, online, online_kernel, online_movable };

// Counters are striped: writers take the stripe of their CPU or thread, readers add all up.
struct alignas(64) CounterStripe {
  std::atomic<std::uint64_t> faults{0};  // faults served for this device
  std::atomic<std::uint64_t> extents{0}; // extents touched for the first time since the platform began
  std::atomic<std::uint64_t> bytes{0};   // bytes of those extents
  std::atomic<std::uint64_t> maps{0};    // mmap calls that succeeded
  std::atomic<std::uint64_t> unmaps{0};  // mappings gone by munmap, replacement or exit
  std::atomic<std::uint64_t> sigbus{0};  // touches answered by SIGBUS
  std::atomic<std::uint64_t> ahead{0};   // extents mapped together with another one that was touched before them

  // Also so that the store has memory for them: where its file system is full later, a counter would be a SIGBUS.
  void clear() {
    for (std::atomic<std::uint64_t>* counter : {&faults, &extents, &bytes, &maps, &unmaps, &sigbus, &ahead}) {
      counter->store(0, std::memory_order_relaxed);
    }
  }
};
inline constexpr std::size_t kCounterStripes = 8;

// A dev_dax. Every field but `state`, `size` and the counters changes only under the configuration lock while the
// device is not enabled.
struct DeviceRecord {
  std::atomic<DeviceState> state{DeviceState::absent};
  std::uint32_t region = 0;    // index into the region table
  std::uint32_t id = 0;        // the Y of daxX.Y
  std::uint32_t minor = 0;     // minor number of the character device
  std::int32_t numa_node = -1; // node for placement; -1: none
  std::int32_t target_node = 0;
  std::uint64_t align = 0;            // bytes of an extent
  std::atomic<std::uint64_t> size{0}; // bytes, sum of the ranges
  std::uint32_t nr_ranges = 0;
  std::uint32_t slot = 0;                    // index + 1 of the BackingSlot its bytes are in; 0: none
  std::atomic<std::uint64_t> incarnation{0}; // grows when the device is created and when a driver lets go of it: a
                                             // mapping made under another value is dead (unmap_mapping_range)
  std::uint64_t born = 0;        // `incarnation` when it was created: what was noted of an earlier device of
                                 // this record is void
  std::uint32_t stale_pages = 0; // 1: device_dax failed to claim its memory and left a pgmap behind (dev_dax_probe)
  std::uint32_t behaviours = 0;  // of its dev_pagemap (pgmap::Behaviours); 0: the profile's device-dax
  std::uint32_t node_slot = 0;   // index + 1 of the NodeSlot its node is from; 0: none
  KmemState kmem_state = KmemState::offline;
  std::uint32_t kept = 0;                // 1: while absent the record waits for its namespace to be used again
  std::uint32_t snapshot = 0;            // 1: the image is read and never written
  std::uint32_t memmap_on_memory = 0;    // the attribute of that name (struct dev_dax)
  std::uint32_t has_media = 0;           // of a CXL region: 1: its file has the bytes, and no more the memdevs
  std::atomic<std::uint64_t> tracker{0}; // who asks which extents were written to (process_identity.hpp); 0: nobody,
                                         // and processes do not have the kernel note it
  std::atomic<std::uint64_t> mapping_changes{0}; // grows after every change of what is mapped of the device, and after
                                                 // every writing to it that is not by a mapping of a program
  std::array<RangeRecord, kMaxRanges> ranges{};
  NodeRecord node;
  BackingRecord backing;
  FixedString<128> folios_location; // file of FolioRecords (emu/mm), one per extent, sparse
  FixedString<256> image;           // file the contents come from at first touch and are written back to; empty: none
  CpuMask cpus{};                   // CPUs of the device's node; all zero: anywhere
  PowerBits power{0};
  std::array<PowerBits, kMaxRanges> mapping_power{};
  std::array<std::atomic<std::uint16_t>, 7> hints{}; // of device_index.hpp, at any devices: index + 1; 0: none
  std::array<CounterStripe, kCounterStripes> counters{};
};

// A process that uses the platform. Identified by pid and start time, so that a recycled pid is not mistaken for it.
struct ProcessSlot {
  std::atomic<std::uint32_t> state{0};      // SlotState (process_slots.hpp)
  std::atomic<std::int32_t> pid{0};         // read by others while a dead holder's heir writes it
  std::atomic<std::uint64_t> start_time{0}; // clock ticks since boot, field 22 of /proc/PID/stat
  std::atomic<std::uint32_t> engine{0};     // EngineKind in effect there, 0: none yet
  std::atomic<std::uint32_t> followed{0};   // the generation (its low half) its mappings are up to date with
};

// How first touches are resolved (runtime/fault).
enum class EngineKind : std::uint32_t { automatic, handler, inline_, populate };

// A device a driver of the dax bus was told to take (new_id). The kernel keeps any name of the form, existing or not.
struct DriverIdRecord {
  std::uint32_t used = 0;
  std::uint32_t driver = 0; // index into the drivers of the dax bus
  std::int32_t region = 0;
  std::int32_t id = 0;
};

// What may be asked of a memory block (mhp_online_type_to_str).
enum class OnlinePolicy : std::uint32_t { offline, online, online_kernel, online_movable };

// A memory block of a device in system-ram mode. Which blocks exist follows from the devices' ranges, and from what
// kmem could not take back.
enum class BlockState : std::uint8_t { offline, online_kernel, online_movable };
// A block that stays although kmem let go of it: the range it is in had one online, and its resource keeps its name.
enum class LeftBlock : std::uint8_t { no, first_of_range, further };
struct MemoryBlockRecord {
  std::atomic<BlockState> state{BlockState::offline};
  PowerBits power{0};
  LeftBlock left = LeftBlock::no;
  std::uint32_t left_by = 0; // the Y of daxX.Y
};

// What somebody has changed of a node's inode (chmod, chown, utimensat, setxattr).
struct InodeValues {
  std::uint32_t changed = 0; // kInodeMode, ...: which of the following count
  std::uint32_t mode = 0;    // permission bits, 07777
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::array<std::int64_t, 3> seconds{}; // atime, mtime, ctime (CLOCK_REALTIME)
  std::array<std::uint32_t, 3> nanoseconds{};
  std::uint32_t attribute_bytes = 0;  // used of `attributes`
  std::array<char, 944> attributes{}; // extended ones (emu/sysfs/inodes/extended_attributes.hpp)
};
// A table of open addressing by number. No record: the inode is as its driver made it. None is ever taken out, but void
// once its device is another: then whoever needs room has it.
struct InodeRecord {
  std::atomic<std::uint64_t> number{0};  // inode number; 0: free
  std::atomic<std::uint32_t> version{0}; // odd while somebody writes the values (emu/store/node_table.hpp)
  std::uint32_t device = 0;              // index + 1 of the device it goes away with; 0: it stays
  std::uint64_t born = 0;                // that device's `born`
  InodeValues values;
};
inline constexpr std::uint32_t kInodeMode = 1;
inline constexpr std::uint32_t kInodeOwner = 2;
inline constexpr std::uint32_t kInodeAtime = 4; // mtime and ctime: the next two bits
inline constexpr std::uint32_t kInodeMtime = 8;
inline constexpr std::uint32_t kInodeCtime = 16;
inline constexpr std::uint32_t kInodeAttributes = 32; // some were set

// A name in /dev that somebody gave to a node, or took away from it (link, rename, unlink, mknod).
enum class NodeNameState : std::uint32_t {
  free,
  given, // `name` is `inode`, a character device
  taken, // the node that the driver made of this name is no more, until it makes another
};
struct NodeNameRecord {
  std::atomic<NodeNameState> state{NodeNameState::free};
  std::uint32_t device = 0; // of `taken`: index + 1 of the device whose node it was
  std::uint64_t born = 0;   // that device's `born`
  std::uint64_t inode = 0;
  std::uint32_t major = 0; // of `given`
  std::uint32_t minor = 0;
  FixedString<64> name;
};

// A socket of a program that listens to uevents (emu/sysfs/uevent.hpp).
struct UeventListener {
  std::atomic<std::uint32_t> port{0};   // netlink port of its socket; 0: free
  std::atomic<std::uint32_t> groups{0}; // kUeventsOfKernel, kUeventsOfUdev
};
inline constexpr std::uint32_t kUeventsOfKernel = 1;
inline constexpr std::uint32_t kUeventsOfUdev = 2;
inline constexpr std::size_t kMaxUeventListeners = 64;

// What a device was before the change under way: a holder that dies in the middle leaves it to the next one, who undoes
// what was begun (emu/dax/undo.hpp).
struct UndoRecord {
  std::atomic<std::uint32_t> device{0}; // index + 1; 0: nothing to undo
  std::uint32_t nr_ranges = 0;
  std::uint32_t slot = 0;
  std::uint32_t reserved = 0;
  std::uint64_t align = 0; // bytes
  std::array<RangeRecord, kMaxRanges> ranges{};
  FixedString<256> image;
};

// A line of the recovery log (emu/store/recovery_log.hpp).
enum class Recovery : std::uint32_t {
  change, // a process died while it changed the configuration
  pins,   // a process died while it held pages
};
struct RecoveryRecord {
  std::atomic<std::uint64_t> number{0}; // of the entry, from 1; written last
  std::uint64_t at_ns = 0;              // CLOCK_REALTIME
  std::int32_t dead = 0;                // the process that died
  std::int32_t by = 0;                  // the process that recovered what it left
  Recovery what = Recovery::change;
  std::uint32_t reserved = 0;
  std::uint64_t count = 0; // pins: folios released
};
inline constexpr std::size_t kRecoveryRecords = 32; // the last ones are kept

// A program that was started in the platform and could not see its devices (emu/store/processes/unserved_log.hpp).
enum class Unserved : std::uint32_t {
  nothing,
  linked_statically,
  raises_privileges, // set-user-ID, set-group-ID, file capabilities
  own_calls,         // Go
  foreign,           // 32-bit
};
struct UnservedRecord {
  std::atomic<std::uint32_t> state{0}; // 0: free, 1: being written, 2: there
  Unserved why = Unserved::nothing;
  std::atomic<std::uint64_t> starts{0}; // how often
  FixedString<128> path;                // the end of a longer one
};
inline constexpr std::size_t kUnservedRecords = 16; // the first ones are kept

// The platform itself: one per store.
struct Platform {
  FixedString<64> name;
  std::uint64_t created_ns = 0; // CLOCK_REALTIME
  std::uint32_t creator_pid = 0;
  std::uint32_t uid = 0; // shown as owner of the nodes
  std::uint32_t gid = 0;
  std::uint32_t dax_major = 0;  // major number of the emulated character devices
  std::uint32_t nd_major = 0;   // that of ndctl0, the nd bus
  std::uint32_t dimm_major = 0; // that of nmemN; 0: one below nd_major
  std::uint32_t exact = 0;      // 1: each first touch of an extent is a fault of its own, nothing is mapped ahead
  KernelId kernel = KernelId::linux_6_1;      // which is mirrored
  EngineKind engine = EngineKind::automatic;  // what the user asked for
  std::uint32_t autoprobe_off = 0;            // drivers_autoprobe of the dax bus is 0
  std::atomic<std::uint64_t> sequence{0};     // odd while a change is under way (emu/dax/change.hpp)
  std::atomic<std::uint64_t> generation{0};   // grows with every change of configuration
  std::atomic<std::uint32_t> regions_used{0}; // high-water marks: no entry at or past them was ever used,
  std::atomic<std::uint32_t> devices_used{0}; // entries below may be free again (state says)
  std::uint32_t region_capacity = 0;
  std::uint32_t device_capacity = 0;
  std::uint32_t slot_capacity = 0;
  std::uint32_t backing_slot_capacity = 0;
  std::uint32_t driver_id_capacity = 0;
  std::uint32_t memory_block_capacity = 0;
  std::atomic<std::uint32_t> backing_slots_used{0}; // high-water mark
  std::uint32_t node_slot_capacity = 0;
  std::atomic<std::uint32_t> node_slots_used{0}; // high-water mark
  std::uint32_t inode_capacity = 0;
  std::uint32_t node_name_capacity = 0;
  std::atomic<std::uint32_t> inodes_used{0};      // records that count; 0: nobody need look
  std::atomic<std::uint32_t> node_names_used{0};  // high-water mark
  std::atomic<std::uint32_t> binds_made{0};       // of `binds`, so far; 0: nobody need look
  std::atomic<std::uint32_t> covers_made{0};      // of `covers`
  BackingKind backing_wanted = BackingKind::none; // for devices made later; none: automatic
  FixedString<32> share;                          // that its memdevs are of (emu/nd/share); empty: none
  FixedString<128> share_file;                    // what its platforms tell each other
  std::uint64_t memory_block_size = 128ULL << 20; // bytes of a memory block (block_size_bytes)
  // Nodes from here on are emulated ones: the machine has none of these numbers.
  std::int32_t first_new_node = 1;
  OnlinePolicy auto_online = OnlinePolicy::offline; // what kmem does with new blocks (auto_online_blocks)
  std::atomic<std::uint32_t> blocks_left{0};        // how many stay without a device; 0: nobody need look
  std::uint32_t nd_autoprobe_off = 0;               // drivers_autoprobe of the nd bus is 0
  std::atomic<std::uint32_t> disks{0};              // namespaces that are disks; 0: nobody need look
  std::uint64_t disks_made = 0;                     // number of the last one (DISKSEQ)
  NfitRecord nfit;                                  // the nd bus of DIMMs
  std::uint32_t region_idle = 0;                    // parameter of dax_hmem
  PowerBits e820_power{0};                          // of e820_pmem
  DriverOverride e820_override;                     // likewise
  PowerBits hmem_power{0};                          // of hmem_platform.0
  DriverOverride hmem_override;                     // likewise
  std::array<PowerBits, 1024> node_power{};         // of NUMA nodes
  std::atomic<std::uint64_t> uevent_number{0};      // SEQNUM of the last one
  std::atomic<std::uint32_t> uevent_listened{0};    // 1 once anybody has listened: until then nobody looks
  std::array<UeventListener, kMaxUeventListeners> uevent_listeners{};
  boost::interprocess::offset_ptr<RegionRecord> regions;
  boost::interprocess::offset_ptr<DeviceRecord> devices;
  boost::interprocess::offset_ptr<ProcessSlot> slots;
  boost::interprocess::offset_ptr<BackingSlot> backing_slots;
  boost::interprocess::offset_ptr<NodeSlot> node_slots;
  boost::interprocess::offset_ptr<DriverIdRecord> driver_ids;
  boost::interprocess::offset_ptr<InodeRecord> inodes;
  boost::interprocess::offset_ptr<NodeNameRecord> node_names;
  boost::interprocess::offset_ptr<MemoryBlockRecord> memory_blocks; // from the first region's address on
  boost::interprocess::offset_ptr<CxlRecord> cxl;                   // one
  std::atomic<std::int32_t> changer{0}; // pid of whoever changes the configuration right now
  std::uint32_t reserved2 = 0;
  UndoRecord undo;
  std::atomic<std::uint64_t> recoveries{0};      // entries of the recovery log so far
  std::atomic<std::uint64_t> recoveries_told{0}; // of these, those that people were told of
  std::array<RecoveryRecord, kRecoveryRecords> recovery_log{};
  std::array<UnservedRecord, kUnservedRecords> unserved{};
  std::atomic<std::uint64_t> unserved_more{0}; // starts of programs for which there was no room
  // What was mounted of nodes and on them (emu/store/mount_table.hpp).
  std::array<BindRecord, kMaxBinds> binds{};
  std::array<CoverRecord, kMaxCovers> covers{};
};

} // namespace daxemu::store
