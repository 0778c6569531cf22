#include "emu/backing/file_source.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/backing/advised_file.hpp"
#include "emu/base/text/size_text.hpp"
#include "emu/base/units.hpp"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U // Linux 6.3; older kernels answer EINVAL and are asked again without it
#endif

namespace daxemu::backing {
namespace {

// The value of pagesize= among a mount's options, bytes; the default size where it is not said (0: unknown).
std::uint64_t page_size_of(const std::string& options) {
  std::istringstream list(options);
  for (std::string option; std::getline(list, option, ',');) {
    constexpr std::string_view kKey = "pagesize=";
    if (option.starts_with(kKey)) {
      return parse_size(option.substr(kKey.size())).value_or(0);
    }
  }
  return 0;
}

struct HugetlbMount {
  std::string where;
  std::uint64_t page_size = 0; // bytes; 0: unknown
};

std::vector<HugetlbMount> writable_mounts(const std::string& table) {
  std::vector<HugetlbMount> found;
  std::ifstream mounts(table);
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream words(line);
    std::string device;
    std::string where;
    std::string type;
    std::string options;
    words >> device >> where >> type >> options;
    if (type == "hugetlbfs" && ::access(where.c_str(), W_OK | X_OK) == 0) {
      found.push_back({where, page_size_of(options)});
    }
  }
  return found;
}

Result<UniqueFd> memory_file(const std::string& name, unsigned flags) {
  flags |= MFD_CLOEXEC;
  auto raw = sys::memfd_create(name.c_str(), flags | MFD_NOEXEC_SEAL);
  if (!raw && raw.error() == Errno{EINVAL}) {
    raw = sys::memfd_create(name.c_str(), flags);
    if (raw) {
      (void)sys::call(SYS_fchmod, *raw, 0666); // what is in a device is no program (fexecve(3): EACCES)
    }
  }
  if (!raw) {
    return tl::unexpected(raw.error());
  }
  return UniqueFd(*raw);
}

SourcedFile found_by_number(UniqueFd fd) {
  std::string location = "/proc/" + std::to_string(sys::getpid()) + "/fd/" + std::to_string(fd.get());
  return SourcedFile{std::move(fd), std::move(location)};
}

} // namespace

std::vector<std::string> hugetlbfs_mounts(const std::string& mounts) {
  std::vector<std::string> paths;
  for (const HugetlbMount& mount : writable_mounts(mounts)) {
    paths.push_back(mount.where);
  }
  return paths;
}

Result<SourcedFile> MemfdSource::make(const std::string& name, std::uint64_t page_size) {
  const bool huge = page_size != kPageSize;
  auto fd = memory_file(name, huge ? MFD_HUGETLB | (log2_of(page_size) << MFD_HUGE_SHIFT) : 0);
  if (!fd) {
    // No pool of that size: hugetlb_file_setup() says ENODEV, memfd_create() of a kernel without hugetlb EINVAL.
    const int code = fd.error().value;
    return fail(huge && (code == ENOENT || code == EINVAL) ? ENODEV : code);
  }
  return found_by_number(std::move(*fd));
}

Result<SourcedFile> MemfdSource::make_advised(const std::string& name) {
  auto fd = advised_file(name);
  return fd ? found_by_number(std::move(*fd)) : make(name, kPageSize);
}

Result<SourcedFile> MemfdSource::make_node(const std::string& name) {
  auto fd = memory_file(name, MFD_ALLOW_SEALING);
  if (!fd) {
    return tl::unexpected(fd.error());
  }
  constexpr int kEmptyForGood = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
  if (auto sealed = sys::call(SYS_fcntl, fd->get(), F_ADD_SEALS, kEmptyForGood); !sealed) {
    return tl::unexpected(sealed.error());
  }
  return found_by_number(std::move(*fd));
}

Result<SourcedFile> MemfdSource::adopt(const std::string& /*name*/, const std::string& location) {
  auto raw = sys::open(location.c_str(), O_RDWR | O_CLOEXEC);
  return raw ? Result<SourcedFile>(found_by_number(UniqueFd(*raw))) : tl::unexpected(raw.error());
}

void MemfdSource::discard(const SourcedFile&) {} // closing it is enough

std::string MemfdSource::no_huge_pages(std::uint64_t page_size) const {
  return "this kernel has no huge pages of " + size_text(page_size);
}

Result<SourcedFile> DirectorySource::make(const std::string& name, std::uint64_t page_size) {
  std::string path = directory_ + "/" + name;
  if (page_size != kPageSize) {
    const auto mounts = writable_mounts(mounts_);
    const auto fitting = std::find_if(mounts.begin(), mounts.end(),
                                      [page_size](const HugetlbMount& mount) { return mount.page_size == page_size; });
    if (fitting == mounts.end()) {
      return fail(ENODEV);
    }
    path = fitting->where + "/" + prefix_ + name;
  }
  auto raw = sys::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (!raw) {
    return tl::unexpected(raw.error());
  }
  return SourcedFile{UniqueFd(*raw), path};
}

Result<SourcedFile> DirectorySource::adopt(const std::string& name, const std::string& location) {
  const std::string path = directory_ + "/" + name;
  if (location.starts_with("/proc/") || ::link(location.c_str(), path.c_str()) != 0) {
    return fail(location.starts_with("/proc/") ? EXDEV : errno);
  }
  auto raw = sys::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (!raw) {
    (void)::unlink(path.c_str());
    return tl::unexpected(raw.error());
  }
  return SourcedFile{UniqueFd(*raw), path};
}

void DirectorySource::discard(const SourcedFile& file) {
  (void)::unlink(file.location.c_str());
}

std::string DirectorySource::no_huge_pages(std::uint64_t page_size) const {
  return "no hugetlbfs of " + size_text(page_size) + " pages is mounted where this user may write";
}

std::uint64_t DirectorySource::capacity() const {
  struct statvfs about = {};
  if (::statvfs(directory_.c_str(), &about) != 0 || about.f_blocks == 0) {
    return ~0ULL; // a tmpfs mounted with size=0 has no limit
  }
  return static_cast<std::uint64_t>(about.f_blocks) * about.f_frsize;
}

} // namespace daxemu::backing
