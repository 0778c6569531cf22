#include "runtime/preload/files/control_calls.hpp"

#include <algorithm>
#include <array>
#include <span>

#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "emu/base/function_ref.hpp"
#include "emu/base/kernel/sys.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/units.hpp"
#include "runtime/preload/files/descriptor_target.hpp"
#include "runtime/preload/files/disk_calls.hpp"
#include "runtime/preload/ground/user_memory.hpp"
#include "runtime/preload/names/context.hpp"
#include "runtime/preload/nodes/caller.hpp"
#include "runtime/preload/nodes/node_controls.hpp"
#include "runtime/preload/paths/watch_events.hpp"

namespace daxemu::preload {
namespace {

// What a request needs before its file is looked at.
enum class First { nothing, capability };

struct Generic {
  unsigned long request;
  std::size_t reads; // bytes at the argument: EFAULT if they are not to be had
  First first;       // capability: EPERM without CAP_SYS_ADMIN
  int error;
};

constexpr Generic kGeneric[] = {
    {FICLONE, 0, First::nothing, EINVAL}, // generic_file_rw_checks(): no regular file
    {FICLONERANGE, sizeof(file_clone_range), First::nothing, EINVAL},
    {FIDEDUPERANGE, sizeof(std::uint16_t), First::nothing, EINVAL}, // vfs_dedupe_file_range(): the same
    {FS_IOC_FIEMAP, 0, First::nothing, EOPNOTSUPP},                 // no fiemap of the inode
    {FIFREEZE, 0, First::capability, EOPNOTSUPP},                   // devtmpfs has no freeze_fs
    {FITHAW, 0, First::capability, EINVAL},                         // it is not frozen
    {FS_IOC_SETFLAGS, sizeof(int), First::nothing, ENOTTY},         // no fileattr_set of the inode
    {FS_IOC_FSSETXATTR, sizeof(fsxattr), First::nothing, ENOTTY},
};

// What a memory file has and neither kernfs nor debugfs: inode flags (no fileattr_get). SETs copy their argument in
// first.
constexpr Generic kOfVnodes[] = {
    {FS_IOC_GETFLAGS, 0, First::nothing, ENOTTY},
    {FS_IOC_SETFLAGS, sizeof(int), First::nothing, ENOTTY},
    {FS_IOC_FSGETXATTR, 0, First::nothing, ENOTTY},
    {FS_IOC_FSSETXATTR, sizeof(fsxattr), First::nothing, ENOTTY},
};

// file_ioctl(): of regular files only, so of no directory.
constexpr unsigned long kOfRegularFiles[] = {FIBMAP,     FIONREAD,   0x40305828,
                                             0x4030582a, 0x4030582b, 0x40305839}; // FS_IOC_RESVSP and its kin

constexpr unsigned long kOfDescriptors[] = {FIOCLEX, FIONCLEX, FIONBIO}; // the kernel does them as to any file

constexpr unsigned long kGetUuid = 0x80111500; // FS_IOC_GETFSUUID, newer than the headers of some machines

bool is_one_of(std::span<const unsigned long> list, unsigned long request) {
  return std::find(list.begin(), list.end(), request) != list.end();
}

const Generic* known_in(std::span<const Generic> table, unsigned long request) {
  const auto known =
      std::find_if(table.begin(), table.end(), [request](const Generic& one) { return one.request == request; });
  return known == table.end() ? nullptr : &*known;
}

// NOLINTBEGIN(performance-no-int-to-ptr): addresses come as numbers, as the kernel has them
class OwnMemory final : public UserMemory {
public:
  [[nodiscard]] bool read(void* into, std::uint64_t from, std::size_t size) const override {
    return size == 0 || copy_in(into, reinterpret_cast<const void*>(from), size);
  }
  [[nodiscard]] bool write(std::uint64_t into, const void* from, std::size_t size) const override {
    return size == 0 || copy_out(reinterpret_cast<void*>(into), from, size);
  }
};
// NOLINTEND(performance-no-int-to-ptr)

int refused(int code) {
  errno = code;
  return -1;
}

// ioctl_fioasync(): the device sends no signals, which only who asks for another state of them is told: open(2) takes
// O_ASYNC of any file.
int set_async(int fd, const void* argument) {
  int wanted = 0;
  if (!copy_in(wanted, static_cast<const int*>(argument))) {
    return refused(EFAULT);
  }
  const bool is = (status_flags(fd) & O_ASYNC) != 0;
  return (wanted != 0) != is ? refused(ENOTTY) : 0;
}

// ioctl_getfsuuid(): that of devtmpfs.
int give_uuid(const void* argument) {
  std::array<char, 17> uuid{}; // struct fsuuid2
  const UniqueFd dev(sys::open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC).value_or(-1));
  const auto asked = sys::call(SYS_ioctl, dev.get(), static_cast<long>(kGetUuid), reinterpret_cast<long>(uuid.data()));
  if (!asked) {
    return refused(ENOTTY); // a kernel that knows of none
  }
  return copy_out(const_cast<void*>(argument), uuid.data(), uuid.size()) ? 0 : refused(EFAULT);
}

// `driver` answers what the kernel does not know of every file; an errno, or 0.
int control_device(int fd, unsigned long request, const void* argument, FunctionRef<int()> driver) {
  if (request == FIOASYNC) {
    return set_async(fd, argument);
  }
  if (request == FIGETBSZ) { // of devtmpfs
    const int block = kPageSize;
    return copy_out(static_cast<int*>(const_cast<void*>(argument)), block) ? 0 : refused(EFAULT);
  }
  if (request == kGetUuid && Context::get()->store().profile().names_file_system) {
    return give_uuid(argument);
  }
  if (request == FICLONE &&
      !sys::call(SYS_fcntl, static_cast<int>(reinterpret_cast<std::intptr_t>(argument)), F_GETFD)) {
    return refused(EBADF); // ioctl_file_clone() looks for the source first
  }
  const Generic* known = known_in(kGeneric, request);
  if (known == nullptr) {
    const int code = driver();
    return code == 0 ? 0 : refused(code);
  }
  if (known->first == First::capability && !Caller().credentials().capable(sysfs::kCapSysAdmin)) {
    return refused(EPERM);
  }
  return refused(known->reads != 0 && !is_readable(argument, known->reads) ? EFAULT : known->error);
}

// Of a device-dax or a disk: none of its own.
int no_request() {
  return device_rule(Operation::control).error;
}

// What the driver of a node says.
Result<void> driver_answer(const Context& context, int fd, unsigned long request, std::uint64_t argument,
                           const UserMemory& memory) {
  const auto node = context.descriptors().node(fd);
  if (!node) {
    return fail(ENXIO); // it is gone, and the driver with it
  }
  return control_node(context.store(), *node, status_flags(fd), static_cast<unsigned>(request), argument, memory);
}

bool is_open_vnode(int fd) {
  const FdClass what = target_of(fd).what;
  return grants(status_flags(fd), Access::none) &&
         (what == FdClass::attribute || (what == FdClass::directory && Descriptors::is_vnode(fd)));
}

bool is_control(int fd) {
  const Context* context = Context::get();
  return context != nullptr && context->descriptors().classify(fd) == FdClass::control;
}

bool is_watcher(int fd) {
  const Context* context = Context::get();
  return context != nullptr && context->descriptors().classify(fd) == FdClass::watcher;
}

int count_events(const void* argument, RealStatus real) {
  int queued = 0;
  auto* const into = static_cast<int*>(const_cast<void*>(argument));
  const int status = real();
  return status == 0 && copy_in(queued, into) && !copy_out(into, told_bytes(queued)) ? refused(EFAULT) : status;
}

} // namespace

int control_slow(int fd, unsigned long request, const void* argument, RealStatus real) {
  if (request == FIONREAD && is_watcher(fd)) {
    return count_events(argument, real);
  }
  if (is_one_of(kOfDescriptors, request)) {
    return real();
  }
  if (is_disk(fd)) {
    int status = 0;
    return control_disk(fd, request, const_cast<void*>(argument), status)
               ? status
               : control_device(fd, request, argument, [] { return no_request(); });
  }
  if (is_one_of(kOfRegularFiles, request) && target_of(fd).what == FdClass::directory && is_open_vnode(fd)) {
    return refused(ENOTTY);
  }
  if (const Generic* known = known_in(kOfVnodes, request); known != nullptr && is_open_vnode(fd)) {
    return refused(known->reads != 0 && !is_readable(argument, known->reads) ? EFAULT : known->error);
  }
  const int refusal = device_refusal(fd, Operation::control);
  if (refusal == 0 || refusal == EBADF) {
    return refusal == 0 ? real() : refused(refusal);
  }
  if (is_control(fd)) {
    return control_device(fd, request, argument, [=] {
      const auto done =
          driver_answer(*Context::get(), fd, request, reinterpret_cast<std::uint64_t>(argument), OwnMemory());
      return done ? 0 : done.error().value;
    });
  }
  return control_device(fd, request, argument, [] { return no_request(); });
}

std::optional<Result<void>> control_driver(const Context& context, int fd, unsigned long request,
                                           std::uint64_t argument, const UserMemory& memory) {
  const bool of_any_file =
      request == FIOASYNC || request == FIGETBSZ || request == kGetUuid || known_in(kGeneric, request) != nullptr;
  if (of_any_file || context.descriptors().classify(fd) != FdClass::control ||
      !grants(status_flags(fd), Access::none)) {
    return std::nullopt;
  }
  return driver_answer(context, fd, request, argument, memory);
}

} // namespace daxemu::preload
