#include "runtime/preload/memory_calls.hpp"

#include <sys/mman.h>

#include "runtime/preload/context.hpp"
#include "runtime/preload/real.hpp"
#include "runtime/preload/returns.hpp"

namespace daxemu::preload {
namespace {

constinit Real<void*(void*, std::size_t, int, int, int, off_t)> real_mmap{"mmap"};
constinit Real<int(void*, std::size_t)> real_munmap{"munmap"};
constinit Real<int(void*, std::size_t, int)> real_mprotect{"mprotect"};
constinit Real<int(void*, std::size_t, int, int)> real_pkey_mprotect{"pkey_mprotect"};

} // namespace

constinit MemoryCalls memory_calls;

void* MemoryCalls::mmap(void* address, std::size_t length, int prot, int flags, int fd, off_t offset) {
  // Memory allocators map anonymous memory before anything else works: such calls must not even make a Context.
  if ((flags & MAP_ANONYMOUS) == 0 && fd >= 0) {
    Context* context = Context::get();
    store::DeviceRecord* device = context == nullptr ? nullptr : context->device_of(fd);
    if (device == nullptr && context != nullptr && context->descriptors().has_no_mmap(fd)) {
      return as_mapped(fail(ENODEV));
    }
    if (device != nullptr) {
      live_.store(&context->mappings(), std::memory_order_release);
      return as_mapped(
          context->mappings().map(*device, fd, address, length, prot, flags, static_cast<std::uint64_t>(offset)));
    }
  }
  if ((flags & MAP_FIXED) != 0) {
    if (fault::AddressSpace* space = concerned(address, length); space != nullptr) {
      return as_mapped(space->map_foreign(address, length, prot, flags, fd, static_cast<std::uint64_t>(offset)));
    }
  }
  return real_mmap(address, length, prot, flags, fd, offset);
}

int MemoryCalls::munmap(void* address, std::size_t length) {
  fault::AddressSpace* space = concerned(address, length);
  return space == nullptr ? real_munmap(address, length) : as_int(space->unmap(address, length));
}

int MemoryCalls::mprotect(void* address, std::size_t length, int prot) {
  fault::AddressSpace* space = concerned(address, length);
  return space == nullptr ? real_mprotect(address, length, prot) : as_int(space->protect(address, length, prot));
}

int MemoryCalls::pkey_mprotect(void* address, std::size_t length, int prot, int pkey) {
  fault::AddressSpace* space = concerned(address, length);
  return space == nullptr ? real_pkey_mprotect(address, length, prot, pkey)
                          : as_int(space->protect(address, length, prot, pkey));
}

} // namespace daxemu::preload
