// This library's own memory for C++ exceptions, in place of the C++ library's, which sets 72 KiB aside for the moment
// when there is none, in every program that starts, by a malloc(3) that may be the program's own and not yet up. Nobody
// else sees these. Exceptions are not thrown here but where memory has come to an end (operator_new.cpp).
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <exception>

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {

// The C++ library's header lies before the exception (128 bytes of it, on x86-64); how much it is, is its own business.
constexpr std::size_t kHeader = 256;
constexpr std::size_t kSmall = 256; // std::bad_alloc and the like

struct alignas(std::max_align_t) Spare {
  std::array<std::byte, kHeader + kSmall> bytes;
};
constexpr std::size_t kSpares = 8;
constinit std::array<Spare, kSpares> spares{};
constinit std::array<std::atomic<bool>, kSpares> taken{};

// Zeroed memory behind room for a header.
void* allocate_exception(std::size_t size) noexcept {
  auto* memory = static_cast<std::byte*>(std::calloc(1, kHeader + size));
  for (std::size_t at = 0; memory == nullptr && size <= kSmall && at < kSpares; ++at) {
    if (!taken[at].exchange(true)) {
      memory = spares[at].bytes.data();
      std::memset(memory, 0, kHeader + kSmall);
    }
  }
  if (memory == nullptr) {
    std::terminate();
  }
  return memory + kHeader;
}

void release_exception(void* exception) noexcept {
  auto* const memory = static_cast<std::byte*>(exception) - kHeader;
  for (std::size_t at = 0; at < kSpares; ++at) {
    if (memory == spares[at].bytes.data()) {
      taken[at].store(false);
      return;
    }
  }
  std::free(memory);
}

} // namespace

// By their labels, as hooks are: the compiler has declared these names already, and visible to all.
#define DAXEMU_OWN(result, name, parameters)                                                                           \
  extern "C" __attribute__((visibility("hidden"), used)) result daxemu_own_##name parameters noexcept __asm__(#name);  \
  extern "C" result daxemu_own_##name parameters noexcept

DAXEMU_OWN(void*, __cxa_allocate_exception, (std::size_t size)) {
  return allocate_exception(size);
}
DAXEMU_OWN(void, __cxa_free_exception, (void* exception)) {
  release_exception(exception);
}
// Of std::rethrow_exception(): what refers to another exception is all header, and given as such.
DAXEMU_OWN(void*, __cxa_allocate_dependent_exception, ()) {
  return allocate_exception(kHeader);
}
DAXEMU_OWN(void, __cxa_free_dependent_exception, (void* exception)) {
  release_exception(exception);
}

// What a thread's exceptions are. The C++ library's own asks the loader for the place of it, which has to look up how
// in every program that starts.
struct Exceptions {
  void* caught;
  unsigned uncaught;
};
constinit thread_local Exceptions exceptions{};
DAXEMU_OWN(void*, __cxa_get_globals, ()) {
  return &exceptions;
}
DAXEMU_OWN(void*, __cxa_get_globals_fast, ()) {
  return &exceptions;
}

// What a lock of the C++ library says that cannot be had: none of ours. Its own way to say so would bring variables
// that every program makes when it starts and destroys when it ends, and a page of code for that. Weak: where that is
// linked for something else, its own stands.
DAXEMU_OWN(void, _ZSt20__throw_system_errori, (int /*code*/)) {
  std::terminate();
}
#pragma weak daxemu_own__ZSt20__throw_system_errori

// The old kind of strings (GCC 14: cow-string-inst.o), which its exceptions are made of, brings a generator of random
// numbers, and that one the same. Nobody here asks for any.
DAXEMU_OWN(void, _ZNSt13random_device7_M_initEPKcm, (void* /*device*/, const char* /*token*/, std::size_t /*size*/)) {
  std::terminate();
}
#pragma weak daxemu_own__ZNSt13random_device7_M_initEPKcm

#endif
