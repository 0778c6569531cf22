// What a core dump would have of mappings: as device-dax's own bits of coredump_filter say (core(5)), asked of the
// kernel's own account of its mappings.
#include <fstream>
#include <sstream>

#include "emu/base/units.hpp"
#include "tests/unit/fault/fault_platform.hpp"

namespace daxemu::fault {
namespace {

constexpr std::uint64_t kAlign = kPmdSize;
constexpr std::uint64_t kExtents = 8;
constexpr unsigned kOrdinary = 0x33; // what a process starts with
constexpr unsigned kWithDaxPrivate = 0xb3;
constexpr unsigned kWithDaxShared = 0x133;

class CoreDumps : public ::testing::Test {
protected:
  TestPlatform& platform =
      *new TestPlatform(kExtents * kAlign, kAlign, store::BackingKind::shmem, store::EngineKind::handler);
  AddressSpace& space = *new AddressSpace(*platform.store);

  CoreDumps() { filter(kOrdinary); }
  ~CoreDumps() override { filter(kOrdinary); }

  void filter(unsigned bits) {
    std::ofstream("/proc/self/coredump_filter") << bits << std::flush;
    space.follow_core_filter();
  }
  char* map(int open_flags, int prot) {
    const UniqueFd fd = platform.open(open_flags);
    auto mapped = space.map(*platform.device, fd.get(), nullptr, 4 * kAlign, prot, MAP_SHARED, 0);
    EXPECT_TRUE(mapped);
    return mapped ? static_cast<char*>(*mapped) : nullptr;
  }
  // The kernel's mappings in those 4 extents: how many there are, and how many of them a dump leaves out.
  struct Count {
    int mappings = 0;
    int left_out = 0;
  };
  static Count count(const char* base) {
    const auto from = reinterpret_cast<std::uint64_t>(base);
    Count count;
    bool inside = false;
    std::ifstream smaps("/proc/self/smaps");
    for (std::string line; std::getline(smaps, line);) {
      std::uint64_t start = 0;
      char dash = 0;
      if (std::istringstream header(line); header >> std::hex >> start >> dash && dash == '-') {
        inside = start >= from && start < from + 4 * kAlign;
        count.mappings += inside ? 1 : 0;
      } else if (inside && line.rfind("VmFlags:", 0) == 0 && line.find(" dd") != std::string::npos) {
        ++count.left_out;
      }
    }
    return count;
  }
  static bool dumped(const char* base) { return count(base).left_out == 0; }
  static bool left_out(const char* base) { return count(base).left_out == count(base).mappings; }
};

TEST_F(CoreDumps, HaveSharedMappingsByBitEightOnly) {
  char* base = map(O_RDWR, PROT_READ | PROT_WRITE);
  EXPECT_TRUE(left_out(base));
  base[0] = 1;
  EXPECT_TRUE(left_out(base)); // in two pieces now
  filter(kWithDaxShared);
  EXPECT_TRUE(dumped(base));
  filter(kWithDaxPrivate);
  EXPECT_TRUE(left_out(base));
}

TEST_F(CoreDumps, HaveMappingsOfReadOnlyDescriptorsByBitSeven) {
  char* base = map(O_RDONLY, PROT_READ);
  EXPECT_TRUE(left_out(base));
  filter(kWithDaxShared);
  EXPECT_TRUE(left_out(base));
  filter(kWithDaxPrivate);
  EXPECT_TRUE(dumped(base));
}

TEST_F(CoreDumps, LeaveOutWhatTheProgramSaysWhateverTheFilter) {
  char* base = map(O_RDWR, PROT_READ | PROT_WRITE);
  PoisonHit hit;
  filter(kWithDaxShared);
  ASSERT_TRUE(space.advise(base, 4 * kAlign, MADV_DONTDUMP, &hit));
  EXPECT_TRUE(left_out(base));
  filter(kOrdinary);
  filter(kWithDaxShared);
  EXPECT_TRUE(left_out(base));
  ASSERT_TRUE(space.advise(base, 4 * kAlign, MADV_DODUMP, &hit));
  EXPECT_TRUE(dumped(base));
  filter(kOrdinary);
  ASSERT_TRUE(space.advise(base, 4 * kAlign, MADV_DONTDUMP, &hit));
  ASSERT_TRUE(space.advise(base, 4 * kAlign, MADV_DODUMP, &hit));
  EXPECT_TRUE(left_out(base));
}

TEST_F(CoreDumps, ShowAMappingInOnePieceWhateverWasTouched) {
  char* base = map(O_RDWR, PROT_READ | PROT_WRITE);
  base[kAlign] = 1;
  EXPECT_EQ(count(base).mappings, 3);
  space.prepare_core_dump();
  EXPECT_EQ(count(base).mappings, 1);
  EXPECT_EQ(base[kAlign], 1);
  EXPECT_EQ(base[2 * kAlign], 0);
}

} // namespace
} // namespace daxemu::fault
