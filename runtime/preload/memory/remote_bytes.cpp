#include "runtime/preload/memory/remote_bytes.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <string_view>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "emu/base/kernel/mapping.hpp"
#include "emu/base/units.hpp"
#include "runtime/preload/ground/user_memory.hpp"
#include "runtime/preload/memory/live_space.hpp"
#include "runtime/preload/names/context.hpp"
#include "runtime/preload/procfs/maps_line.hpp"

namespace daxemu::preload {
namespace {

using Way = RemoteBytes::Way;

// Through a mapping of one extent: a file of hugetlb has no write(2), and pages no more than bytes may be copied.
Result<void> move_mapped(int bytes, std::uint64_t offset, Way way, void* memory, std::size_t size,
                         const store::DeviceRecord& device) {
  const std::uint64_t base = align_down(offset, device.align);
  auto extent = Mapping::of(bytes, device.align, way == Way::into ? PROT_READ | PROT_WRITE : PROT_READ,
                            MAP_SHARED | MAP_NORESERVE, base);
  if (!extent) {
    return tl::unexpected(extent.error());
  }
  std::byte* const at = extent->bytes().data() + (offset - base);
  return (way == Way::into ? copy_in(at, memory, size) : copy_out(memory, at, size)) ? Result<void>() : fail(EFAULT);
}

Result<void> move_of_device(const store::Store& store, const store::DeviceRecord& device, std::uint64_t offset, Way way,
                            void* memory, std::size_t size) {
  if (!device.image.empty()) {
    return fail(EIO); // its bytes may be in the image still
  }
  auto bytes = store.open_file(device.backing.location.c_str(), (way == Way::into ? O_RDWR : O_RDONLY) | O_CLOEXEC);
  if (!bytes) {
    return fail(EIO);
  }
  auto* next = static_cast<char*>(memory);
  while (size > 0) {
    const std::size_t some = std::min<std::uint64_t>(size, device.align - (offset & (device.align - 1)));
    if (auto moved = move_mapped(bytes->get(), offset, way, next, some, device); !moved) {
      return moved;
    }
    next += some;
    offset += some;
    size -= some;
  }
  if (way == Way::into) { // not by a mapping of a program
    const_cast<store::DeviceRecord&>(device).mapping_changes.fetch_add(1, std::memory_order_acq_rel);
  }
  return {};
}

// Does its kernel give it huge pages (PR_SET_THP_DISABLE)? What is not present then cannot become it.
bool has_huge_pages(pid_t process) {
  char path[32];
  std::snprintf(path, sizeof path, "/proc/%d/status", process);
  auto raw = sys::open(path, O_RDONLY | O_CLOEXEC);
  if (!raw) {
    return true;
  }
  const UniqueFd status(*raw);
  Lines lines(status.get());
  for (std::string_view line = lines.next(); !line.empty(); line = lines.next()) {
    if (line.starts_with("THP_enabled:")) {
      return line.find('0') == std::string_view::npos;
    }
  }
  return true;
}

// The process whose memory `fd` is; 0: none's.
pid_t process_of(int fd) {
  PathText text;
  if (!Descriptors::path_of(fd, text)) {
    return 0;
  }
  constexpr std::string_view kProc = "/proc/";
  std::string_view path = text.view();
  if (!path.starts_with(kProc) || !path.ends_with("/mem")) {
    return 0;
  }
  path.remove_prefix(kProc.size());
  pid_t process = 0;
  (void)std::from_chars(path.data(), path.data() + path.size(), process);
  return process;
}

} // namespace

Result<std::size_t> RemoteBytes::move(pid_t process, std::uint64_t address, Way way, void* memory, std::size_t size) {
  const Context* context = Context::get();
  if (context == nullptr) {
    return fail(EIO);
  }
  char path[32];
  std::snprintf(path, sizeof path, "/proc/%d/maps", process);
  auto raw = sys::open(path, O_RDONLY | O_CLOEXEC);
  if (!raw) {
    return fail(EIO);
  }
  const UniqueFd maps(*raw);
  Lines lines(maps.get());
  const bool huge = has_huge_pages(process);
  std::size_t done = 0;
  for (std::string_view text = lines.next(); !text.empty() && done < size; text = lines.next()) {
    MapsLine line;
    const std::uint64_t at = address + done;
    if (!line.parse(text) || line.end <= at) {
      continue;
    }
    const store::DeviceRecord* device =
        context->store().device_of_bytes(makedev(line.major_number, line.minor_number), line.inode);
    if (line.start > at || line.inode == 0 || device == nullptr || (way == Way::into && line.rights[1] != 'w') ||
        (device->align > kPageSize && !huge)) {
      break;
    }
    const std::size_t some = std::min<std::uint64_t>(size - done, line.end - at);
    if (auto moved = move_of_device(context->store(), *device, line.offset + (at - line.start), way,
                                    static_cast<char*>(memory) + done, some);
        !moved) {
      if (done == 0) {
        return tl::unexpected(moved.error());
      }
      break;
    }
    done += some;
  }
  return done == 0 ? Result<std::size_t>(fail(EIO)) : done;
}

ssize_t RemoteBytes::settle_slow(int fd, Way way, void* memory, std::size_t size, std::int64_t offset,
                                 FunctionRef<ssize_t()> again, ssize_t result) {
  const int kept = errno;
  const pid_t process = Context::get() == nullptr ? 0 : process_of(fd);
  const bool at_position = offset < 0;
  const std::size_t done = result < 0 ? 0 : static_cast<std::size_t>(result);
  if (process <= 0) {
    errno = kept;
    return result;
  }
  const std::int64_t position =
      at_position ? sys::call(SYS_lseek, fd, 0, SEEK_CUR).value_or(0) : offset + static_cast<std::int64_t>(done);
  const auto address = static_cast<std::uint64_t>(position);
  if (process == sys::getpid()) { // the kernel's touch, after ours
    fault::AddressSpace* space = live_space.concerned(reinterpret_cast<const void*>(address), size - done);
    if (space == nullptr || done != 0) {
      errno = kept;
      return result;
    }
    space->prefault_forced(reinterpret_cast<const void*>(address), size,
                           way == Way::into); // NOLINT(performance-no-int-to-ptr)
    return again();
  }
  const auto moved = move(process, address, way, static_cast<char*>(memory) + done, size - done);
  errno = kept;
  if (!moved) {
    return result;
  }
  if (at_position) {
    (void)sys::call(SYS_lseek, fd, position + static_cast<std::int64_t>(*moved), SEEK_SET);
  }
  return static_cast<ssize_t>(done + *moved);
}

bool RemoteBytes::move_word(long request, pid_t process, std::uint64_t address, long& word) {
  const bool reads = request == PTRACE_PEEKTEXT || request == PTRACE_PEEKDATA;
  const bool writes = request == PTRACE_POKETEXT || request == PTRACE_POKEDATA;
  if (!reads && !writes) {
    return false;
  }
  const auto moved = move(process, address, reads ? Way::out_of : Way::into, &word, sizeof word);
  return moved && *moved == sizeof word;
}

} // namespace daxemu::preload
