// What is mapped in a range, asked of the kernel: the same as /proc/PID/maps has, and no more than the range.
#include "runtime/supervise/spaces/process_maps.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/units.hpp"
#include "runtime/supervise/spaces/target.hpp"

namespace daxemu::supervise {
namespace {

TEST(ProcessMaps, PiecesOfARange) {
  auto store = store::Store::create(UniqueFd(*sys::memfd_create("maps", MFD_CLOEXEC)), "lab");
  ASSERT_TRUE(store);
  const Devices devices(*store);
  constexpr std::uint64_t kPages = 64;
  void* const at = ::mmap(nullptr, kPages * kPageSize, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(at, MAP_FAILED);
  const auto start = reinterpret_cast<std::uint64_t>(at);
  for (std::uint64_t page = 0; page < kPages; page += 2) {
    ASSERT_EQ(::mprotect(static_cast<char*>(at) + page * kPageSize, kPageSize, PROT_READ | PROT_WRITE), 0);
  }
  ASSERT_EQ(::munmap(static_cast<char*>(at) + 9 * kPageSize, kPageSize), 0);
  const UniqueFd filler(*sys::memfd_create(kFillerName, MFD_CLOEXEC));
  ASSERT_NE(
      ::mmap(static_cast<char*>(at) + 12 * kPageSize, kPageSize, PROT_READ, MAP_SHARED | MAP_FIXED, filler.get(), 0),
      MAP_FAILED);
  const auto maps = ProcessMaps::of(::getpid());
  ASSERT_TRUE(maps);
  const std::string text = Target(::getpid()).proc_file("maps");
  for (const auto& [from, to] : {std::pair{8UL, 16UL}, {0UL, 1UL}, {9UL, 10UL}, {5UL, 5UL}, {0UL, kPages}}) {
    const auto asked = maps->pieces(devices, start + from * kPageSize + 1, start + to * kPageSize);
    const auto read = pieces_of(text, devices, start + from * kPageSize + 1, start + to * kPageSize);
    ASSERT_EQ(asked.size(), read.size()) << from;
    for (std::size_t index = 0; index < asked.size(); ++index) {
      EXPECT_EQ(asked[index].start, read[index].start);
      EXPECT_EQ(asked[index].end, read[index].end);
      EXPECT_EQ(asked[index].offset, read[index].offset);
      EXPECT_EQ(asked[index].prot, read[index].prot);
      EXPECT_EQ(asked[index].filler, read[index].filler);
    }
  }
  EXPECT_TRUE(maps->pieces(devices, start + 12 * kPageSize, start + 13 * kPageSize).front().filler);
  ::munmap(at, kPages * kPageSize);
}

} // namespace
} // namespace daxemu::supervise
