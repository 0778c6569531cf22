// Versions of an extent that tell whether they are whole.
#include <cstring>

#include "tests/faults/torture.hpp"

namespace daxemu::torture {
namespace {

constexpr std::uint64_t kHalf = kExtent / 2;
constexpr std::uint64_t kStep = 0x9e3779b97f4a7c15ULL;

struct Header {
  std::uint64_t version = 0; // 0: nothing here
  std::uint64_t sum = 0;
};

struct Half {
  volatile Header* header;
  std::span<std::uint64_t> words;
};

Half half_of(std::span<std::byte> extent, std::uint64_t version) {
  std::byte* base = extent.data() + (version % 2) * kHalf;
  return {reinterpret_cast<volatile Header*>(base),
          {reinterpret_cast<std::uint64_t*>(base + sizeof(Header)), (kHalf - sizeof(Header)) / sizeof(std::uint64_t)}};
}

std::uint64_t word_of(std::uint64_t version, std::uint64_t at) {
  return (version + at) * kStep;
}

} // namespace

bool has_version(std::span<std::byte> extent, std::uint64_t version) {
  const Half half = half_of(extent, version);
  std::uint64_t sum = 0;
  std::uint64_t different = 0;
  for (std::uint64_t at = 0; at < half.words.size(); ++at) {
    sum += half.words[at];
    different |= half.words[at] ^ word_of(version, at);
  }
  return half.header->version == version && half.header->sum == sum && different == 0;
}

std::uint64_t newest_version(std::span<std::byte> extent) {
  std::uint64_t newest = 0;
  for (const unsigned which : {0U, 1U}) {
    const std::uint64_t version = half_of(extent, which).header->version;
    if (version > newest && version % 2 == which && has_version(extent, version)) {
      newest = version;
    }
  }
  return newest;
}

void write_version(std::span<std::byte> extent, std::uint64_t version) {
  const Half half = half_of(extent, version);
  half.header->version = 0;
  std::atomic_thread_fence(std::memory_order_seq_cst);
  std::uint64_t sum = 0;
  for (std::uint64_t at = 0; at < half.words.size(); ++at) {
    half.words[at] = word_of(version, at);
    sum += half.words[at];
  }
  half.header->sum = sum;
  std::atomic_thread_fence(std::memory_order_seq_cst);
  half.header->version = version;
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

} // namespace daxemu::torture
