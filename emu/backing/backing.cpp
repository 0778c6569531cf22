#include "emu/backing/backing.hpp"

#include <array>
#include <cstring>
#include <utility>

#include <sys/mman.h>

#include "emu/backing/hugetlb_pool.hpp"
#include "emu/base/text/size_text.hpp"
#include "emu/base/units.hpp"

namespace daxemu::backing {
namespace {

using store::BackingKind;

Result<SourcedFile> sized_file(FileSource& source, const Request& request, std::uint64_t page_size) {
  const bool by_2m = request.has_image && request.align == kPmdSize && page_size == kPageSize;
  auto file = by_2m ? source.make_advised(request.name) : source.make(request.name, page_size);
  if (!file) {
    return file;
  }
  if (auto sized = sys::ftruncate(file->fd.get(), request.size); !sized) {
    source.discard(*file);
    return tl::unexpected(sized.error());
  }
  return file;
}

std::string error_text(Errno error) {
  return std::strerror(error.value);
}

std::string pool_remedy(std::uint64_t size, std::uint64_t page_size) {
  const HugetlbPool pool = hugetlb_pool(page_size);
  const std::uint64_t missing = size / page_size - std::min(size / page_size, pool.available());
  return "grow the pool (as root: echo " + std::to_string(pool.total + missing) +
         " > /sys/kernel/mm/hugepages/hugepages-" + std::to_string(page_size / 1024) +
         "kB/nr_hugepages), choose a smaller --size, or use --backing shmem";
}

Outcome<Backing> create_hugetlb(const Request& request, FileSource& source, const Topology* topology) {
  if (request.align == kPageSize) {
    return refuse(EINVAL, "--backing hugetlb cannot hold extents of 4K", "use --align 2M or 1G, or --backing shmem");
  }
  auto file = sized_file(source, request, request.align);
  if (!file) {
    if (file.error() == Errno{ENODEV}) {
      return refuse(ENOSYS, source.no_huge_pages(request.align), "use --backing shmem");
    }
    return refuse(file.error().value, "a file of huge pages cannot be made: " + error_text(file.error()),
                  "use --backing shmem");
  }
  // Mapping it once reserves the pages; the policy must be set before any is allocated.
  auto mapping = Mapping::of(file->fd.get(), request.size, PROT_READ | PROT_WRITE, MAP_SHARED);
  if (!mapping) {
    source.discard(*file);
    const HugetlbPool pool = hugetlb_pool(request.align);
    if (pool.available() >= request.size / request.align) {
      return refuse(mapping.error().value,
                    "a mapping of " + size_text(request.size) + " fails: " + error_text(mapping.error()),
                    "raise the limit of address space (ulimit -v), choose a smaller --size, or use --backing shmem");
    }
    return refuse(ENOMEM,
                  "--size " + size_text(request.size) + " needs " + std::to_string(request.size / request.align) +
                      " huge pages of " + size_text(request.align) + ", the pool has " +
                      std::to_string(pool.available()) + " available",
                  pool_remedy(request.size, request.align));
  }
  if (request.numa_node) {
    if (auto bound = topology->bind_memory(*mapping, *request.numa_node); !bound) {
      source.discard(*file);
      return tl::unexpected(bound.error());
    }
  }
  return Backing{std::move(file->fd), BackingKind::hugetlb, request.align, std::move(file->location),
                 std::to_string(request.size / request.align) + " huge pages of " + size_text(request.align) +
                     " reserved"};
}

Outcome<Backing> create_shmem(const Request& request, FileSource& source, const Topology* topology,
                              std::string reason) {
  if (request.size > source.capacity()) {
    return refuse(ENOSPC,
                  "--size " + size_text(request.size) + " is more than the file system of named platforms holds (" +
                      size_text(source.capacity()) + ")",
                  "choose a smaller --size, enlarge it (as root: mount -o remount,size=...), or set DAXEMU_HOME to a "
                  "directory on a larger tmpfs");
  }
  auto file = sized_file(source, request, kPageSize);
  if (!file) {
    return refuse(file.error().value,
                  "a memory file of " + size_text(request.size) + " cannot be made: " + error_text(file.error()),
                  "choose a smaller --size");
  }
  if (request.numa_node) {
    auto mapping = Mapping::of(file->fd.get(), request.size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE);
    if (!mapping) {
      source.discard(*file);
      return refuse(mapping.error().value,
                    "a mapping of " + size_text(request.size) + " fails: " + error_text(mapping.error()),
                    "choose a smaller --size");
    }
    if (auto bound = topology->bind_memory(*mapping, *request.numa_node); !bound) {
      source.discard(*file);
      return tl::unexpected(bound.error());
    }
  }
  return Backing{std::move(file->fd), BackingKind::shmem, kPageSize, std::move(file->location), std::move(reason)};
}

} // namespace

Outcome<Backing> create(const Request& request, FileSource& source, const Topology* topology) {
  switch (request.kind.value_or(BackingKind::none)) {
  case BackingKind::hugetlb:
    return create_hugetlb(request, source, topology);
  case BackingKind::shmem:
    return create_shmem(request, source, topology, "asked for");
  case BackingKind::file:
    return refuse(EINVAL, "a backing of kind file is not asked for by kind", "use --backing hugetlb or shmem");
  case BackingKind::none:
    break;
  }
  if (request.align == kPageSize) {
    return create_shmem(request, source, topology, "extents of 4K need small pages");
  }
  if (auto huge = create_hugetlb(request, source, topology); huge || huge.error().code == ENODEV) {
    return huge; // a NUMA node that does not exist is no reason to look for other memory
  } else {
    return create_shmem(request, source, topology, "not hugetlb: " + huge.error().what);
  }
}

const char* to_string(BackingKind kind) {
  constexpr std::array<const char*, 4> kNames = {"none", "hugetlb", "shmem", "file"};
  const auto index = static_cast<std::size_t>(kind);
  return index < kNames.size() ? kNames[index] : "corrupt";
}

} // namespace daxemu::backing
