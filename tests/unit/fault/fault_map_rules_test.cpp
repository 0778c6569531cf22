// mmap(2)'s rules for a device-dax, row by row.
#include "runtime/fault/mappings/map_rules.hpp"

#include <fcntl.h>
#include <linux/mman.h>
#include <sys/mman.h>

#include <gtest/gtest.h>

#include "emu/base/units.hpp"

namespace daxemu::fault {
namespace {

struct Row {
  const char* name;
  MapRequest request;
  int open_flags;
  int code; // 0: accepted
};
void PrintTo(const Row& row, std::ostream* out) {
  *out << row.name;
}
class RequestRows : public ::testing::TestWithParam<Row> {};
TEST_P(RequestRows, Check) {
  MapRequest request = GetParam().request;
  auto fine = check_place(request, GetParam().open_flags);
  if (fine) {
    fine = check_file(request, GetParam().open_flags, true);
  }
  EXPECT_EQ(fine ? 0 : fine.error().value, GetParam().code);
}
constexpr int kRw = PROT_READ | PROT_WRITE;
INSTANTIATE_TEST_SUITE_P(
    Rows, RequestRows,
    ::testing::Values(
        Row{"plain", {0, kPmdSize, kRw, MAP_SHARED, 0}, O_RDWR, 0},
        Row{"no_length", {0, 0, kRw, MAP_SHARED, 0}, O_RDWR, EINVAL},
        Row{"huge_length", {0, UINT64_MAX - 100, kRw, MAP_SHARED, 0}, O_RDWR, ENOMEM},
        Row{"odd_offset", {0, kPmdSize, kRw, MAP_SHARED, 12}, O_RDWR, EINVAL},
        Row{"odd_fixed_address", {0x10000001, kPmdSize, kRw, MAP_SHARED | MAP_FIXED, 0}, O_RDWR, EINVAL},
        Row{"no_type", {0, kPmdSize, kRw, 0, 0}, O_RDWR, EINVAL},
        Row{"hugetlb", {0, kPmdSize, kRw, MAP_SHARED | MAP_HUGETLB, 0}, O_RDWR, EINVAL},
        Row{"sync_validated", {0, kPmdSize, kRw, MAP_SHARED_VALIDATE | MAP_SYNC, 0}, O_RDWR, 0},
        Row{"unknown_validated", {0, kPmdSize, kRw, MAP_SHARED_VALIDATE | 0x800000, 0}, O_RDWR, EOPNOTSUPP},
        Row{"unknown_shared", {0, kPmdSize, kRw, MAP_SHARED | 0x800000, 0}, O_RDWR, 0},
        Row{"write_of_read_only", {0, kPmdSize, kRw, MAP_SHARED, 0}, O_RDONLY, EACCES},
        Row{"read_of_read_only", {0, kPmdSize, PROT_READ, MAP_SHARED, 0}, O_RDONLY, 0},
        Row{"write_only", {0, kPmdSize, PROT_WRITE, MAP_SHARED, 0}, O_WRONLY, EACCES},
        Row{"path", {0, kPmdSize, PROT_READ, MAP_SHARED, 0}, O_PATH, EBADF},
        Row{"grows_down", {0, kPmdSize, kRw, MAP_SHARED | MAP_GROWSDOWN, 0}, O_RDWR, EINVAL},
        Row{"private_is_for_check_vma", {0, kPmdSize, kRw, MAP_PRIVATE, 0}, O_RDWR, 0}),
    [](const auto& row) { return row.param.name; });

TEST(CheckVma, RefusesInTheKernelsOrder) {
  const MapRequest shared{0, kPmdSize, kRw, MAP_SHARED, 0};
  MapRequest private_one = shared;
  private_one.flags = MAP_PRIVATE;
  EXPECT_TRUE(check_vma(shared, kPudSize, kPmdSize, true));
  EXPECT_EQ(check_vma(private_one, kPudSize, kPmdSize, true).error(), Errno{EINVAL});
  EXPECT_EQ(check_vma(private_one, kPudSize, kPmdSize, false).error(), Errno{ENXIO});
  EXPECT_EQ(check_vma(shared, kPudSize + kPageSize, kPmdSize, true).error(), Errno{EINVAL});
  MapRequest odd = shared;
  odd.length = kPmdSize + kPageSize;
  EXPECT_EQ(check_vma(odd, kPudSize, kPmdSize, true).error(), Errno{EINVAL});
}

TEST(HoleLength, LeavesRoomToAlign) {
  EXPECT_EQ(hole_length({0, kPmdSize, kRw, MAP_SHARED, 0}, kPmdSize), 2 * kPmdSize);
  EXPECT_EQ(hole_length({0, kPageSize, kRw, MAP_SHARED, 0}, kPmdSize), kPageSize);
  EXPECT_EQ(hole_length({0, 2 * kPmdSize, kRw, MAP_SHARED, kPageSize}, kPmdSize), 3 * kPmdSize);
  EXPECT_EQ(hole_length({0, kPmdSize, kRw, MAP_SHARED, kPageSize}, kPmdSize), kPmdSize);
}

} // namespace
} // namespace daxemu::fault
