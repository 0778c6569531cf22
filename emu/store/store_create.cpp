// A new store: Boost.Interprocess lays out the segment. Apart from store.cpp, for whoever only opens stores (the
// preload library) needs none of its machinery.
#include <algorithm>
#include <cstring>
#include <ctime>
#include <exception>

#include <sys/mman.h>
#include <unistd.h>

#include <boost/interprocess/managed_external_buffer.hpp>

#include "emu/base/units.hpp"
#include "emu/store/header.hpp"
#include "emu/store/store.hpp"

namespace daxemu::store {
namespace bip = boost::interprocess;

namespace {

// Boost's own bookkeeping (name index, free tree) beside the tables.
constexpr std::uint64_t kSegmentSlack = 64 * 1024;

std::uint64_t segment_size_for(Capacity capacity) {
  return align_up(kSegmentSlack + sizeof(Platform) + capacity.regions * sizeof(RegionRecord) +
                      capacity.devices * sizeof(DeviceRecord) + capacity.processes * sizeof(ProcessSlot) +
                      capacity.backing_slots * sizeof(BackingSlot) + capacity.node_slots * sizeof(NodeSlot) +
                      capacity.driver_ids * sizeof(DriverIdRecord) + capacity.memory_blocks * sizeof(MemoryBlockRecord),
                  kPageSize);
}

// A table of records that are all zero until used: taken raw, so that no page of it is touched but the first. Where a
// free block began, Boost has left the node by which it was linked (rbtree_best_fit's BlockCtrl).
constexpr std::size_t kNodeRemains = 256;
template <class Record>
Record* sparse_table(bip::managed_external_buffer& segment, std::uint32_t count) {
  void* table = segment.allocate_aligned(count * sizeof(Record), alignof(CounterStripe));
  std::memset(table, 0, std::min(kNodeRemains, count * sizeof(Record)));
  return static_cast<Record*>(table);
}

} // namespace

Result<Store> Store::create(UniqueFd fd, std::string_view name, Capacity capacity) {
  auto st = sys::fstat(fd.get());
  if (!st) {
    return tl::unexpected(st.error());
  }
  if (st->st_size != 0) {
    return fail(EEXIST);
  }
  const std::uint64_t segment_size = segment_size_for(capacity);
  const std::uint64_t file_size = kHeaderSize + segment_size;
  if (auto sized = sys::ftruncate(fd.get(), file_size); !sized) {
    return tl::unexpected(sized.error());
  }
  auto mapping = Mapping::of(fd.get(), file_size, PROT_READ | PROT_WRITE, MAP_SHARED);
  if (!mapping) {
    return tl::unexpected(mapping.error());
  }
  std::byte* base = mapping->bytes().data();
  Platform* platform = nullptr;
  try {
    bip::managed_external_buffer segment(bip::create_only, base + kHeaderSize, segment_size);
    platform = segment.construct<Platform>(bip::unique_instance)();
    platform->regions = sparse_table<RegionRecord>(segment, capacity.regions);
    platform->devices = sparse_table<DeviceRecord>(segment, capacity.devices);
    platform->slots = sparse_table<ProcessSlot>(segment, capacity.processes);
    platform->backing_slots = sparse_table<BackingSlot>(segment, capacity.backing_slots);
    platform->node_slots = sparse_table<NodeSlot>(segment, capacity.node_slots);
    platform->driver_ids = sparse_table<DriverIdRecord>(segment, capacity.driver_ids);
    platform->memory_blocks = sparse_table<MemoryBlockRecord>(segment, capacity.memory_blocks);
  } catch (const std::exception&) { // bad_alloc or interprocess_exception: the buffer is too small
    return fail(ENOMEM);
  }
  platform->name.assign(name);
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  platform->created_ns =
      static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
  platform->creator_pid = static_cast<std::uint32_t>(sys::getpid());
  platform->uid = ::geteuid();
  platform->gid = ::getegid();
  platform->region_capacity = capacity.regions;
  platform->device_capacity = capacity.devices;
  platform->slot_capacity = capacity.processes;
  platform->backing_slot_capacity = capacity.backing_slots;
  platform->node_slot_capacity = capacity.node_slots;
  platform->driver_id_capacity = capacity.driver_ids;
  platform->memory_block_capacity = capacity.memory_blocks;

  Header header;
  header.magic = kMagic;
  header.version = kLayoutVersion;
  header.complete = 1;
  header.file_size = file_size;
  header.segment_size = segment_size;
  header.record_sizes = record_fingerprint();
  header.platform_at = static_cast<std::uint64_t>(reinterpret_cast<std::byte*>(platform) - base);
  header.checksum = checksum_of(header);
  std::memcpy(base, &header, sizeof(header)); // last: until now the store reads as foreign
  return Store(std::move(fd), *st, std::move(*mapping), platform);
}

} // namespace daxemu::store
