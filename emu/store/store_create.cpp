// A new store: Boost.Interprocess lays out the segment. Apart from store.cpp, for whoever only opens stores (the
// preload library) needs none of its machinery.
#include <cstddef>
#include <cstring>
#include <exception>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <boost/interprocess/managed_external_buffer.hpp>
#include <boost/version.hpp>

#include "emu/base/clock.hpp"
#include "emu/base/text/size_text.hpp"
#include "emu/base/units.hpp"
#include "emu/store/header.hpp"
#include "emu/store/store.hpp"

namespace daxemu::store {
namespace bip = boost::interprocess;

namespace {

using Segment = bip::managed_external_buffer;

// Tables begin on a cache line, which counters need.
constexpr std::uint64_t kTableAlign = alignof(CounterStripe);
static_assert(alignof(Platform) <= alignof(std::max_align_t), "of more, Boost 1.92 wants twice the size");

template <class Record>
std::uint64_t table_size(std::uint32_t count) {
  return align_up(std::uint64_t{count} * sizeof(Record), kTableAlign);
}

std::uint64_t tables_size(const Capacity& capacity) {
  return table_size<RegionRecord>(capacity.regions) + table_size<DeviceRecord>(capacity.devices) +
         table_size<ProcessSlot>(capacity.processes) + table_size<BackingSlot>(capacity.backing_slots) +
         table_size<NodeSlot>(capacity.node_slots) + table_size<DriverIdRecord>(capacity.driver_ids) +
         table_size<MemoryBlockRecord>(capacity.memory_blocks) + table_size<InodeRecord>(capacity.inodes) +
         table_size<NodeNameRecord>(capacity.node_names) + table_size<CxlRecord>(1);
}

// What is certainly needed, in bytes: Boost adds what its two blocks and their index take, which no function of it
// tells.
std::uint64_t least_segment_size(const Capacity& capacity) {
  return Segment::segment_manager::get_min_size() + sizeof(Platform) + tables_size(capacity) + kTableAlign;
}

// The tables one after the other, from `at` on; records that are all zero until used.
class Tables {
public:
  explicit Tables(void* block) : at_(align_up(reinterpret_cast<std::uintptr_t>(block), kTableAlign)) {}
  template <class Record>
  Record* next(std::uint32_t count) {
    return reinterpret_cast<Record*>(std::exchange(at_, at_ + table_size<Record>(count)));
  }

private:
  std::uint64_t at_;
};

// Lays out the platform and its tables in the zeroes of `file`, behind the header. Boost gives the tables as one block:
// of what it is asked to align (allocate_aligned), 1.92 takes twice the size. Throws what Boost throws: bip::bad_alloc
// if the segment is too small.
Platform* lay_out(std::span<std::byte> file, const Capacity& capacity) {
  Segment segment(bip::create_only, file.data() + kHeaderSize, file.size() - kHeaderSize);
  auto* platform = segment.construct<Platform>(bip::unique_instance)();
  Tables tables(segment.allocate(tables_size(capacity) + kTableAlign));
  platform->regions = tables.next<RegionRecord>(capacity.regions);
  platform->devices = tables.next<DeviceRecord>(capacity.devices);
  platform->slots = tables.next<ProcessSlot>(capacity.processes);
  platform->backing_slots = tables.next<BackingSlot>(capacity.backing_slots);
  platform->node_slots = tables.next<NodeSlot>(capacity.node_slots);
  platform->driver_ids = tables.next<DriverIdRecord>(capacity.driver_ids);
  platform->memory_blocks = tables.next<MemoryBlockRecord>(capacity.memory_blocks);
  platform->inodes = tables.next<InodeRecord>(capacity.inodes);
  platform->node_names = tables.next<NodeNameRecord>(capacity.node_names);
  platform->cxl = tables.next<CxlRecord>(1);
  platform->region_capacity = capacity.regions;
  platform->device_capacity = capacity.devices;
  platform->slot_capacity = capacity.processes;
  platform->backing_slot_capacity = capacity.backing_slots;
  platform->node_slot_capacity = capacity.node_slots;
  platform->driver_id_capacity = capacity.driver_ids;
  platform->memory_block_capacity = capacity.memory_blocks;
  platform->inode_capacity = capacity.inodes;
  platform->node_name_capacity = capacity.node_names;
  return platform;
}

// Boost linked the free memory by nodes within it, and which bytes of them are left in the tables is its own affair:
// the kernel makes all of them zero, and no page is touched for it.
void clear_tables(int fd, std::span<std::byte> file, const Platform& platform, const Capacity& capacity) {
  auto* tables = reinterpret_cast<std::byte*>(platform.regions.get());
  const auto offset = static_cast<std::uint64_t>(tables - file.data());
  const std::uint64_t size = tables_size(capacity);
  if (!sys::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, size)) {
    std::memset(tables, 0, size); // a file system without holes
  }
}

// The file's mapping of `size` bytes, all zero.
Outcome<Mapping> blank(int fd, std::uint64_t size) {
  auto sized = sys::ftruncate(fd, 0).and_then([&] { return sys::ftruncate(fd, size); });
  if (!sized) {
    return refuse(sized.error().value, "no file of " + size_text(size) + ": " + std::strerror(sized.error().value),
                  sized.error() == Errno{EFBIG} ? "raise the limit of file sizes (ulimit -f)"
                                                : "free space in the file system it is to be in");
  }
  auto mapping = Mapping::of(fd, size, PROT_READ | PROT_WRITE, MAP_SHARED);
  if (!mapping) {
    return refuse(mapping.error().value,
                  "no mapping of " + size_text(size) + ": " + std::strerror(mapping.error().value),
                  "raise the limit of address space (ulimit -v), or free some memory");
  }
  return std::move(*mapping);
}

tl::unexpected<Problem> refuse_layout(std::uint64_t size, const char* what) {
  return refuse(ENOTSUP,
                "Boost.Interprocess " BOOST_LIB_VERSION " lays out no segment of " + size_text(size) + ": " + what,
                "build daxemu with another version of Boost (1.74 works), and report this");
}

// A mapping in which Boost has laid out everything, and where the platform is.
struct LaidOut {
  Mapping mapping;
  Platform* platform = nullptr;
};

// Boost is asked whether a size will do, first the least, then somewhat more: its bookkeeping differs by version.
Outcome<LaidOut> lay_out_in(int fd, const Capacity& capacity) {
  const std::uint64_t least = kHeaderSize + least_segment_size(capacity);
  std::uint64_t size = align_up(least, kPageSize);
  for (std::uint64_t more = kPageSize;; more *= 2) {
    auto mapping = blank(fd, size);
    if (!mapping) {
      return tl::unexpected(mapping.error());
    }
    try {
      Platform* platform = lay_out(mapping->bytes(), capacity);
      clear_tables(fd, mapping->bytes(), *platform, capacity);
      return LaidOut{std::move(*mapping), platform};
    } catch (const bip::bad_alloc& error) {
      if (more > least) { // more than everything there is to put into it
        return refuse_layout(size, error.what());
      }
      size += more;
    } catch (const std::exception& error) {
      return refuse_layout(size, error.what());
    }
  }
}

} // namespace

Outcome<Store> Store::create(UniqueFd fd, std::string_view name, Capacity capacity) {
  auto st = sys::fstat(fd.get());
  if (!st) {
    return refuse(st.error().value, std::string("no file: ") + std::strerror(st.error().value), "report this");
  }
  if (st->st_size != 0) {
    return refuse(EEXIST, "its file has " + std::to_string(st->st_size) + " bytes already", "give an empty file");
  }
  auto made = lay_out_in(fd.get(), capacity);
  if (!made) {
    return tl::unexpected(made.error());
  }
  Platform* platform = made->platform;
  platform->name.assign(name);
  platform->created_ns = clock_ns(CLOCK_REALTIME);
  platform->creator_pid = static_cast<std::uint32_t>(sys::getpid());
  platform->uid = ::geteuid();
  platform->gid = ::getegid();

  std::byte* base = made->mapping.bytes().data();
  Header header;
  header.magic = kMagic;
  header.version = kLayoutVersion;
  header.complete = 1;
  header.file_size = made->mapping.size();
  header.segment_size = header.file_size - kHeaderSize;
  header.record_sizes = record_fingerprint();
  header.platform_at = static_cast<std::uint64_t>(reinterpret_cast<std::byte*>(platform) - base);
  header.checksum = checksum_of(header);
  std::memcpy(base, &header, sizeof(header)); // last: until now the store reads as foreign
  return Store(std::move(fd), *st, std::move(made->mapping), platform);
}

} // namespace daxemu::store
