// This library's own operator new and delete, which nobody else sees: malloc's, but for memory that must not come from
// there (early_memory.hpp). Not with sanitizers, which have their own and a C++ library outside of this one.
#include <cstdlib>
#include <new>

#include "runtime/preload/ground/early_memory.hpp"

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

using daxemu::preload::EarlyMemory;

namespace {

void* allocate(std::size_t size, std::size_t alignment) noexcept {
  size = size == 0 ? 1 : size;
  if (EarlyMemory::is_mine()) {
    return EarlyMemory::take(size, alignment);
  }
  if (alignment <= alignof(std::max_align_t)) {
    return std::malloc(size);
  }
  return std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

void release(void* memory) noexcept {
  if (!EarlyMemory::owns(memory)) {
    std::free(memory);
  }
}

void* allocate_or_throw(std::size_t size, std::size_t alignment) {
  void* memory = allocate(size, alignment);
  if (memory == nullptr) {
    throw std::bad_alloc();
  }
  return memory;
}

constexpr std::size_t kUsual = alignof(std::max_align_t);

} // namespace

void* operator new(std::size_t size) {
  return allocate_or_throw(size, kUsual);
}
void* operator new[](std::size_t size) {
  return allocate_or_throw(size, kUsual);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return allocate(size, kUsual);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return allocate(size, kUsual);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate_or_throw(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return allocate_or_throw(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept {
  release(memory);
}
void operator delete[](void* memory) noexcept {
  release(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  release(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  release(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  release(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept {
  release(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  release(memory);
}
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
  release(memory);
}

#endif
