// Creates the file that holds a device's bytes, and says why it is of the kind it is.
#pragma once

#include <optional>
#include <string>

#include "emu/backing/file_source.hpp"
#include "emu/backing/placement.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/result.hpp"
#include "emu/store/records/records.hpp"

namespace daxemu::backing {

struct Request {
  std::string name;                       // shows in /proc/PID/maps of whoever maps the device
  std::uint64_t size = 0;                 // bytes, a multiple of align
  std::uint64_t align = 0;                // extent size: 4K, 2M or 1G
  std::optional<store::BackingKind> kind; // nothing: automatic
  std::optional<int> numa_node;           // nothing: wherever the kernel puts it
  bool has_image = false;                 // its extents come from an image, each at once
};

struct Backing {
  UniqueFd fd; // whoever holds it keeps the bytes
  store::BackingKind kind = store::BackingKind::none;
  std::uint64_t page_size = 0; // bytes
  std::string location;        // by which other processes open it
  std::string reason;
};

// A file from `source` of `request.size` bytes, all zero. hugetlb: huge pages of the extent's size, all of them
// reserved now, so that exhaustion is an error here and never a SIGBUS later (hugetlb_reserve_pages; the reservation
// lives as long as the inode). shmem: small pages, allocated when touched, or huge ones where extents of 2M come from
// an image (advised_file.hpp). Automatic: hugetlb when the pool can hold the device, else shmem. `topology` is needed
// for a NUMA node only. Errors (Problem): EINVAL (hugetlb of 4K extents), ENOMEM (the pool cannot hold it; the remedy
// says how to grow it), ENOSYS (no hugetlb in this kernel), ENODEV (no such node), memfd_create(2)'s and
// ftruncate(2)'s.
[[nodiscard]] Outcome<Backing> create(const Request& request, FileSource& source, const Topology* topology);

[[nodiscard]] const char* to_string(store::BackingKind kind);

} // namespace daxemu::backing
