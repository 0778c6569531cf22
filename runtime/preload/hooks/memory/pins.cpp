// Calls by which the kernel pins or references memory: io_uring's registered buffers, vmsplice(2), RDMA.
#include <dlfcn.h>
#include <liburing.h>
#include <sys/uio.h>

#include "runtime/preload/ground/fd_table.hpp"
#include "runtime/preload/ground/hook.hpp"
#include "runtime/preload/ground/pin_sites.hpp"
#include "runtime/preload/ground/real.hpp"
#include "runtime/preload/pins/pipe_pins.hpp"
#include "runtime/preload/pins/region_pins.hpp"
#include "runtime/preload/pins/uring_pins.hpp"

using namespace daxemu::preload;

namespace {

constexpr const char* kUringLibrary = "liburing.so.2";
constexpr const char* kVerbsLibrary = "libibverbs.so.1";

// The library's own function. A program that opened the library for itself (dlopen without RTLD_GLOBAL) is found our
// hook first, but its library is not behind us.
template <class Function>
Function* own(Function* next, const char* library, const char* name) {
  if (next != nullptr) {
    return next;
  }
  void* const handle = ::dlopen(library, RTLD_LAZY | RTLD_NOLOAD);
  return reinterpret_cast<Function*>(::dlsym(handle, name));
}

} // namespace

#define DAXEMU_SITE noted_site(__builtin_return_address(0))
#define DAXEMU_URING(name) own(real_##name.get(), kUringLibrary, #name)
#define DAXEMU_VERBS(name) own(real_##name.get(), kVerbsLibrary, #name)

DAXEMU_REAL(io_uring_register_buffers, int(io_uring*, const iovec*, unsigned));
DAXEMU_HOOK(int, io_uring_register_buffers, (io_uring * ring, const iovec* pieces, unsigned count)) {
  return static_cast<int>(register_buffers(ring->ring_fd, pieces, count, DAXEMU_SITE, [=]() -> long {
    return DAXEMU_URING(io_uring_register_buffers)(ring, pieces, count);
  }));
}
DAXEMU_REAL(io_uring_register_buffers_tags, int(io_uring*, const iovec*, const __u64*, unsigned));
DAXEMU_HOOK(int, io_uring_register_buffers_tags,
            (io_uring * ring, const iovec* pieces, const __u64* tags, unsigned count)) {
  return static_cast<int>(register_buffers(ring->ring_fd, pieces, count, DAXEMU_SITE, [=]() -> long {
    return DAXEMU_URING(io_uring_register_buffers_tags)(ring, pieces, tags, count);
  }));
}
DAXEMU_REAL(io_uring_register_buffers_update_tag, int(io_uring*, unsigned, const iovec*, const __u64*, unsigned));
DAXEMU_HOOK(int, io_uring_register_buffers_update_tag,
            (io_uring * ring, unsigned first, const iovec* pieces, const __u64* tags, unsigned count)) {
  return static_cast<int>(update_buffers(ring->ring_fd, first, pieces, count, DAXEMU_SITE, [=]() -> long {
    return DAXEMU_URING(io_uring_register_buffers_update_tag)(ring, first, pieces, tags, count);
  }));
}
DAXEMU_REAL(io_uring_unregister_buffers, int(io_uring*));
DAXEMU_HOOK(int, io_uring_unregister_buffers, (io_uring * ring)) {
  return static_cast<int>(register_call(ring->ring_fd, IORING_UNREGISTER_BUFFERS, nullptr, 0, 0,
                                        [=]() -> long { return DAXEMU_URING(io_uring_unregister_buffers)(ring); }));
}
DAXEMU_REAL(io_uring_register, int(unsigned, unsigned, const void*, unsigned));
DAXEMU_HOOK(int, io_uring_register, (unsigned fd, unsigned opcode, const void* argument, unsigned count)) {
  return static_cast<int>(register_call(static_cast<int>(fd), opcode, argument, count, DAXEMU_SITE, [=]() -> long {
    return DAXEMU_URING(io_uring_register)(fd, opcode, argument, count);
  }));
}
// The library closes the ring by a system call of its own.
DAXEMU_REAL(io_uring_queue_exit, void(io_uring*));
DAXEMU_HOOK(void, io_uring_queue_exit, (io_uring * ring)) {
  const int fd = ring->ring_fd;
  DAXEMU_URING(io_uring_queue_exit)(ring);
  FdTable::forget(fd);
  ring_closed(fd);
}

DAXEMU_REAL(vmsplice, ssize_t(int, const iovec*, size_t, unsigned));
DAXEMU_HOOK(ssize_t, vmsplice, (int fd, const iovec* pieces, size_t count, unsigned flags)) {
  return vmsplice_call(fd, pieces, count, DAXEMU_SITE, [=] { return real_vmsplice(fd, pieces, count, flags); });
}

// Of libibverbs, without its headers: a region is but a pointer here, and protection domains are passed on.
DAXEMU_REAL(ibv_reg_mr, void*(void*, void*, size_t, int));
DAXEMU_HOOK(void*, ibv_reg_mr, (void* domain, void* address, size_t length, int access)) {
  return register_region(address, length, static_cast<unsigned>(access), DAXEMU_SITE,
                         [=] { return DAXEMU_VERBS(ibv_reg_mr)(domain, address, length, access); });
}
DAXEMU_REAL(ibv_reg_mr_iova, void*(void*, void*, size_t, std::uint64_t, int));
DAXEMU_HOOK(void*, ibv_reg_mr_iova, (void* domain, void* address, size_t length, std::uint64_t iova, int access)) {
  return register_region(address, length, static_cast<unsigned>(access), DAXEMU_SITE,
                         [=] { return DAXEMU_VERBS(ibv_reg_mr_iova)(domain, address, length, iova, access); });
}
DAXEMU_REAL(ibv_reg_mr_iova2, void*(void*, void*, size_t, std::uint64_t, unsigned));
DAXEMU_HOOK(void*, ibv_reg_mr_iova2,
            (void* domain, void* address, size_t length, std::uint64_t iova, unsigned access)) {
  return register_region(address, length, access, DAXEMU_SITE,
                         [=] { return DAXEMU_VERBS(ibv_reg_mr_iova2)(domain, address, length, iova, access); });
}
DAXEMU_REAL(ibv_dereg_mr, int(void*));
DAXEMU_HOOK(int, ibv_dereg_mr, (void* region)) {
  return deregister_region(region, [=] { return DAXEMU_VERBS(ibv_dereg_mr)(region); });
}
