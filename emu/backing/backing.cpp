#include "emu/backing/backing.hpp"

#include <array>
#include <cstring>
#include <utility>

#include <linux/memfd.h>
#include <sys/mman.h>

#include "emu/backing/hugetlb_pool.hpp"
#include "emu/base/size_text.hpp"
#include "emu/base/units.hpp"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U // Linux 6.3; older kernels answer EINVAL and are asked again without it
#endif

namespace daxemu::backing {
namespace {

using store::BackingKind;

Result<UniqueFd> sized_memfd(const std::string& name, unsigned flags, std::uint64_t size) {
  auto raw = sys::memfd_create(name.c_str(), flags | MFD_CLOEXEC | MFD_NOEXEC_SEAL);
  if (!raw && raw.error() == Errno{EINVAL}) {
    raw = sys::memfd_create(name.c_str(), flags | MFD_CLOEXEC);
  }
  if (!raw) {
    return tl::unexpected(raw.error());
  }
  UniqueFd fd(*raw);
  if (auto sized = sys::ftruncate(fd.get(), size); !sized) {
    return tl::unexpected(sized.error());
  }
  return fd;
}

std::string pool_remedy(std::uint64_t size, std::uint64_t page_size) {
  const HugetlbPool pool = hugetlb_pool(page_size);
  const std::uint64_t missing = size / page_size - std::min(size / page_size, pool.available());
  return "grow the pool (as root: echo " + std::to_string(pool.total + missing) +
         " > /sys/kernel/mm/hugepages/hugepages-" + std::to_string(page_size / 1024) +
         "kB/nr_hugepages), choose a smaller --size, or use --backing shmem";
}

Outcome<Backing> create_hugetlb(const Request& request, const Topology* topology) {
  if (request.align == kPageSize) {
    return refuse(EINVAL, "--backing hugetlb cannot hold extents of 4K", "use --align 2M or 1G, or --backing shmem");
  }
  const unsigned flags = MFD_HUGETLB | (log2_of(request.align) << MFD_HUGE_SHIFT);
  auto fd = sized_memfd(request.name, flags, request.size);
  if (!fd) {
    if (fd.error() == Errno{ENOENT} || fd.error() == Errno{EINVAL} || fd.error() == Errno{ENODEV}) {
      return refuse(ENOSYS, "this kernel has no huge pages of " + size_text(request.align), "use --backing shmem");
    }
    return refuse(fd.error().value, std::string("memfd_create: ") + std::strerror(fd.error().value),
                  "use --backing shmem");
  }
  // Mapping it once reserves the pages; the policy must be set before any is allocated.
  auto mapping = Mapping::of(fd->get(), request.size, PROT_READ | PROT_WRITE, MAP_SHARED);
  if (!mapping) {
    const HugetlbPool pool = hugetlb_pool(request.align);
    return refuse(ENOMEM,
                  "--size " + size_text(request.size) + " needs " + std::to_string(request.size / request.align) +
                      " huge pages of " + size_text(request.align) + ", the pool has " +
                      std::to_string(pool.available()) + " available",
                  pool_remedy(request.size, request.align));
  }
  if (request.numa_node) {
    if (auto bound = topology->bind_memory(*mapping, *request.numa_node); !bound) {
      return tl::unexpected(bound.error());
    }
  }
  return Backing{std::move(*fd), BackingKind::hugetlb, request.align,
                 std::to_string(request.size / request.align) + " huge pages of " + size_text(request.align) +
                     " reserved"};
}

Outcome<Backing> create_shmem(const Request& request, const Topology* topology, std::string reason) {
  auto fd = sized_memfd(request.name, 0, request.size);
  if (!fd) {
    return refuse(fd.error().value,
                  "a memory file of " + size_text(request.size) + " cannot be made: " + std::strerror(fd.error().value),
                  "choose a smaller --size");
  }
  if (request.numa_node) {
    auto mapping = Mapping::of(fd->get(), request.size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE);
    if (!mapping) {
      return refuse(mapping.error().value,
                    "a mapping of " + size_text(request.size) + " fails: " + std::strerror(mapping.error().value),
                    "choose a smaller --size");
    }
    if (auto bound = topology->bind_memory(*mapping, *request.numa_node); !bound) {
      return tl::unexpected(bound.error());
    }
  }
  return Backing{std::move(*fd), BackingKind::shmem, kPageSize, std::move(reason)};
}

} // namespace

Outcome<Backing> create(const Request& request, const Topology* topology) {
  switch (request.kind.value_or(BackingKind::none)) {
  case BackingKind::hugetlb:
    return create_hugetlb(request, topology);
  case BackingKind::shmem:
    return create_shmem(request, topology, "asked for");
  case BackingKind::file:
    return refuse(ENOTSUP, "a file as backing is not available yet", "use --backing hugetlb or shmem");
  case BackingKind::none:
    break;
  }
  if (request.align == kPageSize) {
    return create_shmem(request, topology, "extents of 4K need small pages");
  }
  if (auto huge = create_hugetlb(request, topology); huge || huge.error().code == ENODEV) {
    return huge; // a NUMA node that does not exist is no reason to look for other memory
  } else {
    return create_shmem(request, topology, "not hugetlb: " + huge.error().what);
  }
}

const char* to_string(BackingKind kind) {
  constexpr std::array<const char*, 4> kNames = {"none", "hugetlb", "shmem", "file"};
  const auto index = static_cast<std::size_t>(kind);
  return index < kNames.size() ? kNames[index] : "corrupt";
}

} // namespace daxemu::backing
