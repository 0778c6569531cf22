// The store: one file (memfd or tmpfs) per platform, mapped shared by every process that uses it. A header page, then a
// Boost.Interprocess managed buffer in which the record tables were laid out once. Opening it takes no lock and walks
// none of Boost's structures: a process killed at any instruction leaves nothing there that the next one could wait
// for.
#pragma once

#include <atomic>
#include <optional>
#include <span>
#include <string>

#include "emu/base/kernel/file_lock.hpp"
#include "emu/base/kernel/mapping.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/result.hpp"
#include "emu/store/processes/keeper.hpp"
#include "emu/store/records/records.hpp"

namespace daxemu::store {

// How large the tables are; fixed for a store's life. Unused entries cost no memory.
struct Capacity {
  std::uint32_t regions = 64;
  std::uint32_t devices = 1024;
  std::uint32_t processes = 1024;
  std::uint32_t backing_slots = 512;
  std::uint32_t node_slots = 512;
  std::uint32_t driver_ids = 1280;       // one for each device, and 256 names of none
  std::uint32_t memory_blocks = 1 << 14; // 2T of blocks of 128M
  std::uint32_t inodes = 1069;           // that somebody has changed: a prime (node_table.cpp), and more than devices
  std::uint32_t node_names = 256;        // given or taken
};

class Store {
public:
  ~Store();
  Store(Store&&) noexcept = default;
  Store& operator=(Store&&) noexcept = default;

  // Builds a new store in the empty file `fd` (kept), no larger than Boost needs it. Errors: EEXIST if the file is not
  // empty; those of ftruncate(2) and mmap(2); ENOTSUP if this version of Boost lays out no segment.
  [[nodiscard]] static Outcome<Store> create(UniqueFd fd, std::string_view name, Capacity capacity = {});

  // Opens an existing one by path (DAXEMU_PLATFORM; often /proc/PID/fd/N of its keeper), or by way of its keeper where
  // DAXEMU_KEEPER says how to ask it and the path does not lead there from here. Nothing is written before the file has
  // been recognised. Errors: open(2)'s; EACCES when the file belongs to a user who is neither root nor this one; those
  // of check(Header); EPROTO when the tables are not where a store of this layout has them.
  // `later`: the records of devices are looked at when they are asked for, and if they are broken there are no devices.
  // A program that asks for none has no page of them to read.
  enum class Look : std::uint8_t { now, later };
  [[nodiscard]] static Result<Store> open(const char* path, Look look = Look::now);

  // open(2) of one of the platform's files, by its location or by way of the keeper. Errors: open(2)'s.
  [[nodiscard]] Result<UniqueFd> open_file(const char* location, int flags) const;

  [[nodiscard]] Platform& platform() const { return *platform_; }
  // The kernel that is mirrored: what it does where kernels differ.
  [[nodiscard]] const Profile& profile() const { return profile_of(platform_->kernel); }
  // Records ever used; look at their state before the rest.
  [[nodiscard]] std::span<RegionRecord> regions() const;
  [[nodiscard]] std::span<DeviceRecord> devices() const;
  // The whole tables, for whoever adds to them (under ConfigLock).
  [[nodiscard]] std::span<RegionRecord> region_table() const;
  [[nodiscard]] std::span<DeviceRecord> device_table() const;
  [[nodiscard]] std::span<ProcessSlot> slots() const;
  // Files ever registered; all of the table for whoever adds to it.
  [[nodiscard]] std::span<BackingSlot> backing_slots() const;
  [[nodiscard]] std::span<BackingSlot> backing_slot_table() const;
  [[nodiscard]] std::span<NodeSlot> node_slots() const;
  [[nodiscard]] std::span<NodeSlot> node_slot_table() const;
  [[nodiscard]] std::span<DriverIdRecord> driver_ids() const;
  [[nodiscard]] std::span<MemoryBlockRecord> memory_blocks() const;
  // The CXL topology; nothing is present without one.
  [[nodiscard]] CxlRecord& cxl() const { return *platform_->cxl; }
  // Tables that node_table.hpp reads and writes.
  [[nodiscard]] std::span<InodeRecord> inode_table() const;
  [[nodiscard]] std::span<NodeNameRecord> node_name_table() const;

  // The device whose node (a descriptor's identity), or whose bytes (a mapping's) are the inode (dev, ino), whatever
  // its state but absent (and not kept); nullptr: none of ours. Lock-free, no allocation.
  [[nodiscard]] DeviceRecord* device_of_node(std::uint64_t dev, std::uint64_t ino) const;
  // Has it been the node of a device, which is gone?
  [[nodiscard]] bool is_of_gone_device(std::uint64_t dev, std::uint64_t ino) const;
  [[nodiscard]] DeviceRecord* device_of_bytes(std::uint64_t dev, std::uint64_t ino) const;
  [[nodiscard]] RegionRecord& region_of(const DeviceRecord& device) const { return regions()[device.region]; }
  // The pmem region whose namespace is a disk, of which the inode is the node; nullptr: none of ours. Lock-free, no
  // allocation; a load while there are no disks.
  [[nodiscard]] RegionRecord* disk_of_node(std::uint64_t dev, std::uint64_t ino) const;
  // The device named daxX.Y (no directory), or nullptr.
  [[nodiscard]] DeviceRecord* device_named(std::string_view name) const;
  // The device of that minor number, or nullptr.
  [[nodiscard]] DeviceRecord* device_of_minor(std::uint32_t minor) const;
  // "dax0.0"; fits any FixedString<32>.
  [[nodiscard]] FixedString<32> name_of(const DeviceRecord& device) const;

  // Who the platform belongs to, as this process sees it: in another user namespace by another number (stat(2) of the
  // store).
  [[nodiscard]] uid_t uid() const { return uid_; }
  [[nodiscard]] gid_t gid() const { return gid_; }

  [[nodiscard]] int fd() const { return fd_.get(); }
  // Keeps the store by another descriptor of the same file (the preload library has numbers that programs leave alone).
  void set_fd(UniqueFd fd) { fd_ = std::move(fd); }

private:
  Store(UniqueFd fd, const struct stat& about, Mapping mapping, Platform* platform);
  [[nodiscard]] static Result<Store> of_file(UniqueFd fd, Look look);
  // Records ever used, sound or not.
  [[nodiscard]] std::span<DeviceRecord> used_devices() const;
  [[nodiscard]] bool devices_are_sound() const;
  [[nodiscard]] bool has_few_devices() const;

  static constexpr std::uint8_t kNotLooked = 0;
  static constexpr std::uint8_t kSound = 1;
  static constexpr std::uint8_t kUnsound = 2;

  UniqueFd fd_;
  uid_t uid_ = 0;
  gid_t gid_ = 0;
  std::optional<KeeperAddress> keeper_;
  bool only_by_keeper_ = false; // what a location names here is something else: another /proc, another root
  Mapping mapping_;
  Platform* platform_ = nullptr;
  alignas(std::atomic_ref<std::uint8_t>::required_alignment) mutable std::uint8_t devices_known_ =
      kSound; // of one made here
};

// Held while the configuration (regions, devices, ranges, states) changes.
class ConfigLock {
public:
  // Blocks until held. Errors: FileLock::take's.
  [[nodiscard]] static Result<ConfigLock> take(const Store& store);

private:
  explicit ConfigLock(FileLock lock) : lock_(std::move(lock)) {}
  FileLock lock_;
};

} // namespace daxemu::store
