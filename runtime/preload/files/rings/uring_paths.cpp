#include "runtime/preload/files/rings/uring_paths.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "runtime/preload/ground/user_memory.hpp"
#include "runtime/preload/memory/live_space.hpp"
#include "runtime/preload/names/context.hpp"

// Newer than the headers of some machines.
#ifndef IORING_FILE_INDEX_ALLOC
#define IORING_FILE_INDEX_ALLOC (~0U)
#endif

namespace daxemu::preload {
namespace {

const char* text_at(std::uint64_t address) {
  return reinterpret_cast<const char*>(address); // NOLINT(performance-no-int-to-ptr)
}

Follow by_flag(unsigned flags) {
  return (flags & AT_SYMLINK_NOFOLLOW) != 0 ? Follow::not_last : Follow::always;
}

bool is_node(int fd) {
  Context* context = fd < 0 || FdTable::is_foreign(fd) ? nullptr : Context::get();
  return context != nullptr && context->descriptors().node(fd).has_value();
}

// Would the call be ours to answer? The kernel is asked where the text of the path speaks against it.
bool is_node(int dirfd, std::uint64_t address, Follow follow) {
  const char* const path = text_at(address);
  Context* context = path == nullptr || !is_text(path) || *path == '\0' ? nullptr : Context::get();
  if (context == nullptr) {
    return false;
  }
  const Resolver& resolver = context->resolver();
  if (!resolver.is_likely(dirfd, path) && !resolver.leads_to_hidden(dirfd, path, follow) &&
      !resolver.leads_to_bound(dirfd, path, follow)) {
    const auto there = sys::fstatat(dirfd, path, follow == Follow::not_last ? AT_SYMLINK_NOFOLLOW : 0);
    const bool missing = !there && (there.error() == Errno{ENOENT} || there.error() == Errno{ENOTDIR});
    if (!missing || !resolver.is_worth_a_walk(dirfd, path, follow)) {
      return false;
    }
  }
  Resolution found;
  resolver.resolve(dirfd, path, follow, found);
  resolver.see_mounts(dirfd, path, follow, found);
  return found.kind != Resolution::Kind::foreign;
}

bool is_empty(std::uint64_t address) {
  const char* const path = text_at(address);
  return path == nullptr || (is_readable(path) && *path == '\0');
}

// What a request becomes that is to say something by itself; the flags that order it among others stay.
io_uring_sqe& emptied(io_uring_sqe& request, std::uint8_t opcode) {
  io_uring_sqe plain{};
  plain.opcode = opcode;
  plain.flags = request.flags & static_cast<std::uint8_t>(~(IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT));
  plain.personality = request.personality;
  plain.user_data = request.user_data;
  return request = plain;
}

} // namespace

RequestedCall call_of(const io_uring_sqe& r) noexcept {
  const auto word = [](std::uint64_t value) { return static_cast<long>(value); };
  const long second_dirfd = static_cast<int>(r.len);
  switch (r.opcode) {
  case IORING_OP_OPENAT:
    return {SYS_openat, {r.fd, word(r.addr), r.open_flags, r.len}};
  case IORING_OP_OPENAT2:
    return {SYS_openat2, {r.fd, word(r.addr), word(r.addr2), r.len}};
  case IORING_OP_CLOSE:
    return {SYS_close, {r.fd}};
  case IORING_OP_STATX:
    return {SYS_statx, {r.fd, word(r.addr), r.statx_flags, r.len, word(r.addr2)}};
  case IORING_OP_RENAMEAT:
    return {SYS_renameat2, {r.fd, word(r.addr), second_dirfd, word(r.addr2), r.rename_flags}};
  case IORING_OP_LINKAT:
    return {SYS_linkat, {r.fd, word(r.addr), second_dirfd, word(r.addr2), r.hardlink_flags}};
  case IORING_OP_UNLINKAT:
    return {SYS_unlinkat, {r.fd, word(r.addr), r.unlink_flags}};
  case IORING_OP_MKDIRAT:
    return {SYS_mkdirat, {r.fd, word(r.addr), r.len}};
  case IORING_OP_SYMLINKAT:
    return {SYS_symlinkat, {word(r.addr), r.fd, word(r.addr2)}};
  case IORING_OP_SETXATTR:
    return {SYS_setxattr, {word(r.addr3), word(r.addr), word(r.addr2), r.len, r.xattr_flags}};
  case IORING_OP_GETXATTR:
    return {SYS_getxattr, {word(r.addr3), word(r.addr), word(r.addr2), r.len}};
  case IORING_OP_FSETXATTR:
    return {SYS_fsetxattr, {r.fd, word(r.addr), word(r.addr2), r.len, r.xattr_flags}};
  case IORING_OP_FGETXATTR:
    return {SYS_fgetxattr, {r.fd, word(r.addr), word(r.addr2), r.len}};
  case IORING_OP_MADVISE:
    return {SYS_madvise, {word(r.addr), r.len, r.fadvise_advice}};
  // Offset -1 is the description's own.
  case IORING_OP_READ:
  case IORING_OP_READ_FIXED:
    return {static_cast<std::int64_t>(r.off) == -1 ? SYS_read : SYS_pread64, {r.fd, word(r.addr), r.len, word(r.off)}};
  case IORING_OP_WRITE:
  case IORING_OP_WRITE_FIXED:
    return {static_cast<std::int64_t>(r.off) == -1 ? SYS_write : SYS_pwrite64,
            {r.fd, word(r.addr), r.len, word(r.off)}};
  case IORING_OP_READV:
    return {SYS_preadv2, {r.fd, word(r.addr), r.len, word(r.off), 0, static_cast<long>(r.rw_flags)}};
  case IORING_OP_WRITEV:
    return {SYS_pwritev2, {r.fd, word(r.addr), r.len, word(r.off), 0, static_cast<long>(r.rw_flags)}};
  default:
    return {};
  }
}

bool concerns_ours(const io_uring_sqe& r) noexcept {
  const bool registered = (r.flags & IOSQE_FIXED_FILE) != 0;
  switch (r.opcode) {
  case IORING_OP_OPENAT:
    return r.file_index == 0 &&
           is_node(r.fd, r.addr, (r.open_flags & O_NOFOLLOW) != 0 ? Follow::not_last : Follow::always);
  case IORING_OP_OPENAT2:
    return r.file_index == 0 && is_node(r.fd, r.addr, Follow::always);
  case IORING_OP_STATX:
    return (r.statx_flags & AT_EMPTY_PATH) != 0 && is_empty(r.addr) ? is_node(r.fd)
                                                                    : is_node(r.fd, r.addr, by_flag(r.statx_flags));
  case IORING_OP_RENAMEAT:
  case IORING_OP_LINKAT:
    return is_node(r.fd, r.addr, Follow::not_last) || is_node(static_cast<int>(r.len), r.addr2, Follow::not_last);
  case IORING_OP_UNLINKAT:
  case IORING_OP_MKDIRAT:
    return is_node(r.fd, r.addr, Follow::not_last);
  case IORING_OP_SYMLINKAT:
    return is_node(r.fd, r.addr2, Follow::not_last);
  case IORING_OP_SETXATTR:
  case IORING_OP_GETXATTR:
    return is_node(AT_FDCWD, r.addr3, Follow::always);
  case IORING_OP_FSETXATTR:
  case IORING_OP_FGETXATTR:
    return !registered && is_node(r.fd);
  case IORING_OP_MADVISE:
    return live_space.concerned(text_at(r.addr), r.len) != nullptr;
  default:
    return false;
  }
}

void fail_with(io_uring_sqe& request, int error) noexcept {
  // fallocate(2) of no bytes: EINVAL before anything else is looked at but the descriptor.
  const int fd = (request.flags & IOSQE_FIXED_FILE) != 0 ? AT_FDCWD : request.fd;
  emptied(request, IORING_OP_FALLOCATE).fd = error == EBADF ? -1 : fd;
}

void complete_with(io_uring_sqe& request, int ring, long result) noexcept {
  switch (result) {
  case 0:
    emptied(request, IORING_OP_NOP);
    return;
  case -ENOENT:
    emptied(request, IORING_OP_OPENAT).fd = AT_FDCWD;
    request.addr = reinterpret_cast<std::uint64_t>("");
    return;
  case -EEXIST:
    emptied(request, IORING_OP_MKDIRAT).fd = AT_FDCWD;
    request.addr = reinterpret_cast<std::uint64_t>("/");
    return;
  case -EBADF:
    emptied(request, IORING_OP_FALLOCATE).fd = -1;
    return;
  default: // a message to its own ring, which can say anything; what is linked behind an error goes on
    const std::uint64_t user_data = request.user_data;
    emptied(request, IORING_OP_MSG_RING).fd = ring;
    request.len = static_cast<std::uint32_t>(result);
    request.off = user_data;
    request.flags |= IOSQE_CQE_SKIP_SUCCESS;
    return;
  }
}

} // namespace daxemu::preload
