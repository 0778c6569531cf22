// Backings: what each kind gives, what `auto` chooses and says, what is refused and how.
#include "emu/backing/backing.hpp"

#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "emu/backing/advised_file.hpp"
#include "emu/backing/hugetlb_pool.hpp"
#include "emu/base/text/size_text.hpp"
#include "emu/base/units.hpp"
#include "tests/unit/readable.hpp"

namespace daxemu::backing {
namespace {

using store::BackingKind;
MemfdSource memory;
namespace fs = std::filesystem;

// A made-up /sys/kernel/mm/hugepages.
class PoolFiles : public ::testing::Test {
protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("daxemu-pools-" + std::to_string(::getpid()));
    fs::create_directories(root_);
  }
  void TearDown() override { fs::remove_all(root_); }
  void pool(const std::string& kib, int total, int free, int reserved, int overcommit, int surplus) {
    const fs::path dir = root_ / ("hugepages-" + kib + "kB");
    fs::create_directories(dir);
    std::ofstream(dir / "nr_hugepages") << total;
    std::ofstream(dir / "free_hugepages") << free;
    std::ofstream(dir / "resv_hugepages") << reserved;
    std::ofstream(dir / "nr_overcommit_hugepages") << overcommit;
    std::ofstream(dir / "surplus_hugepages") << surplus;
  }
  fs::path root_;
};

TEST_F(PoolFiles, AvailableLeavesOutWhatIsReservedAndAddsWhatMayGrow) {
  pool("2048", 100, 60, 20, 10, 4);
  pool("1048576", 2, 1, 1, 0, 0);
  const auto pools = hugetlb_pools(root_.c_str());
  ASSERT_EQ(pools.size(), 2U);
  EXPECT_EQ(pools[0].page_size, kPmdSize);
  EXPECT_EQ(pools[0].available(), 46U);
  EXPECT_EQ(pools[1].page_size, kPudSize);
  EXPECT_EQ(pools[1].available(), 0U);
  EXPECT_EQ(hugetlb_pool(4096, root_.c_str()).available(), 0U);
}

TEST_F(PoolFiles, NoDirectoryMeansNoPools) {
  EXPECT_TRUE(hugetlb_pools((root_ / "absent").c_str()).empty());
}

Request request(std::uint64_t size, std::uint64_t align, std::optional<BackingKind> kind) {
  return {.name = "test", .size = size, .align = align, .kind = kind, .numa_node = std::nullopt};
}

TEST(Backing, ShmemHasTheSizeAndCostsNothingUntilTouched) {
  auto backing = create(request(1ULL << 40, kPmdSize, BackingKind::shmem), memory, nullptr);
  ASSERT_TRUE(backing) << backing.error().what;
  const auto st = sys::fstat(backing->fd.get());
  ASSERT_TRUE(st);
  EXPECT_EQ(static_cast<std::uint64_t>(st->st_size), 1ULL << 40);
  EXPECT_EQ(st->st_blocks, 0);
  EXPECT_EQ(backing->page_size, kPageSize);
}

// To whoever looks it is a memfd.
void expect_like_a_memfd(const Result<UniqueFd>& file) {
  if (!file) {
    ASSERT_THAT(file.error().value, ::testing::AnyOf(EPERM, EACCES, ENOSYS, EINVAL, ENOSPC)) << "or it works";
    GTEST_SKIP() << "no tmpfs of one's own this way: " << std::strerror(file.error().value);
  }
  const std::string path = "/proc/self/fd/" + std::to_string(file->get());
  EXPECT_EQ(fs::read_symlink(path).string(), "/memfd:bytes (deleted)");
  const auto about = sys::fstat(file->get());
  ASSERT_TRUE(about);
  EXPECT_EQ(about->st_nlink, 0U);
  EXPECT_EQ(about->st_mode, S_IFREG | 0666U);
  EXPECT_EQ(about->st_uid, ::geteuid());
  EXPECT_TRUE(sys::ftruncate(file->get(), 1ULL << 40)) << "no limit but memory";
  const auto again = sys::open(path.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_TRUE(again) << "others open it, too";
  const UniqueFd other(*again);
  ASSERT_TRUE(sys::pwrite(other.get(), "x", 1, 1ULL << 39));
  char got = 0;
  EXPECT_TRUE(sys::pread(file->get(), &got, 1, 1ULL << 39));
  EXPECT_EQ(got, 'x');
  EXPECT_NE(::fcntl(file->get(), F_GETFD) & FD_CLOEXEC, 0);
}

std::size_t open_files() {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator()));
}

TEST(AdvisedFile, LooksLikeAMemfd) {
  expect_like_a_memfd(advised_file_here("bytes"));
}

TEST(AdvisedFile, ComesFromAChildTooWhichLeavesNothing) {
  const std::size_t before = open_files();
  {
    const auto file = advised_file_of_child("bytes");
    EXPECT_EQ(open_files(), before + (file ? 1 : 0));
    expect_like_a_memfd(file);
  }
  EXPECT_EQ(::waitpid(-1, nullptr, __WALL | WNOHANG), -1) << "no child is left to be waited for";
}

// Without any privilege: in a process of nobody's.
TEST(AdvisedFile, NeedsNoPrivilege) {
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr uid_t kNobody = 65534;
    if (::getuid() == 0 &&
        (::setresgid(kNobody, kNobody, kNobody) != 0 || ::setresuid(kNobody, kNobody, kNobody) != 0)) {
      ::_exit(2);
    }
    ::prctl(PR_SET_DUMPABLE, 1); // as a program that was started by nobody is
    const auto file = advised_file("bytes");
    const auto about = file ? sys::fstat(file->get()) : Result<struct stat>(tl::unexpected(file.error()));
    ::_exit(!about ? 2 : about->st_uid == ::geteuid() ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 2) {
    GTEST_SKIP() << "user namespaces are not for everybody here";
  }
  EXPECT_EQ(status, 0);
}

TEST(Backing, WhatHasAnImageByExtentsOf2MIsAdvised) {
  if (!advised_file("asked")) {
    GTEST_SKIP() << "no tmpfs of one's own here";
  }
  const auto device_of = [](std::uint64_t align, bool has_image) {
    auto wanted = request(kPmdSize, align, BackingKind::shmem);
    wanted.has_image = has_image;
    const auto made = create(wanted, memory, nullptr);
    const auto about = made ? sys::fstat(made->fd.get()) : Result<struct stat>(fail(ENOENT));
    return about ? about->st_dev : 0;
  };
  const auto memfds = device_of(kPmdSize, false);
  EXPECT_NE(memfds, 0U);
  EXPECT_NE(device_of(kPmdSize, true), memfds) << "a file system of its own";
  EXPECT_EQ(device_of(kPageSize, true), memfds);
}

TEST(Backing, HugetlbOf4kExtentsIsRefusedWithARemedy) {
  auto backing = create(request(kPmdSize, kPageSize, BackingKind::hugetlb), memory, nullptr);
  ASSERT_FALSE(backing);
  EXPECT_EQ(backing.error().code, EINVAL);
  EXPECT_NE(backing.error().remedy.find("--align 2M"), std::string::npos);
}

TEST(Backing, HugetlbBeyondThePoolIsRefusedNamingBothNumbers) {
  const std::uint64_t available = hugetlb_pool(kPmdSize).available();
  auto backing = create(request((available + 1000000) * kPmdSize, kPmdSize, BackingKind::hugetlb), memory, nullptr);
  ASSERT_FALSE(backing);
  EXPECT_TRUE(backing.error().code == ENOMEM || backing.error().code == ENOSYS) << backing.error().what;
  if (backing.error().code == ENOMEM) {
    EXPECT_NE(backing.error().what.find(std::to_string(available + 1000000)), std::string::npos);
    EXPECT_NE(backing.error().what.find("the pool has " + std::to_string(available)), std::string::npos);
  }
}

TEST(Backing, AutomaticFallsBackToShmemAndSaysWhy) {
  const std::uint64_t available = hugetlb_pool(kPmdSize).available();
  auto backing = create(request((available + 1000000) * kPmdSize, kPmdSize, std::nullopt), memory, nullptr);
  ASSERT_TRUE(backing) << backing.error().what;
  EXPECT_EQ(backing->kind, BackingKind::shmem);
  EXPECT_TRUE(backing->reason.starts_with("not hugetlb: ")) << backing->reason;
}

TEST(Backing, HugetlbReservesAllPagesForTheLifeOfTheFile) {
  const HugetlbPool before = hugetlb_pool(kPmdSize);
  if (before.available() < 8) {
    GTEST_SKIP() << "needs 8 free huge pages of 2M, the pool has " << before.available();
  }
  {
    auto backing = create(request(8 * kPmdSize, kPmdSize, BackingKind::hugetlb), memory, nullptr);
    ASSERT_TRUE(backing) << backing.error().what;
    EXPECT_EQ(backing->page_size, kPmdSize);
    EXPECT_EQ(hugetlb_pool(kPmdSize).available() + 8, before.available());
  }
  EXPECT_EQ(hugetlb_pool(kPmdSize).available(), before.available());
}

TEST(Backing, ANodeTheMachineLacksIsRefusedNamingThoseItHas) {
  auto topology = Topology::load();
  ASSERT_TRUE(topology);
  Request wanted = request(kPmdSize, kPmdSize, BackingKind::shmem);
  wanted.numa_node = 4095;
  auto backing = create(wanted, memory, &*topology);
  ASSERT_FALSE(backing);
  EXPECT_EQ(backing.error().code, ENODEV);
  EXPECT_NE(backing.error().what.find("4095"), std::string::npos);
  EXPECT_NE(backing.error().remedy.find('0'), std::string::npos);
}

TEST(Backing, MemoryOfANodeIsAskedFromIt) {
  auto topology = Topology::load();
  ASSERT_TRUE(topology);
  const int node = topology->nodes().at(0).os_index;
  Request wanted = request(4 * kPmdSize, kPmdSize, BackingKind::shmem);
  wanted.numa_node = node;
  auto backing = create(wanted, memory, &*topology);
  if (!backing && (backing.error().code == EPERM || backing.error().code == ENOSYS)) {
    GTEST_SKIP() << backing.error().what;
  }
  ASSERT_TRUE(backing) << backing.error().what;
  // Another mapping of the file sees the policy. hwloc asks for a preference unless told to be strict
  // (MPOL_PREFERRED_MANY since Linux 5.15, MPOL_PREFERRED before): a full node shall not mean SIGBUS.
  auto mapping = Mapping::of(backing->fd.get(), 4 * kPmdSize, PROT_READ | PROT_WRITE, MAP_SHARED);
  ASSERT_TRUE(mapping);
  int mode = -1;
  std::array<unsigned long, 16> mask{}; // 1024 nodes, as many as the kernel can have
  const auto asked = sys::call(SYS_get_mempolicy, reinterpret_cast<long>(&mode), reinterpret_cast<long>(mask.data()),
                               1024, reinterpret_cast<long>(mapping->data()), MPOL_F_ADDR);
  ASSERT_TRUE(asked) << asked.error().value;
  EXPECT_THAT(mode, ::testing::AnyOf(MPOL_PREFERRED, MPOL_PREFERRED_MANY));
  std::array<unsigned long, 16> only{};
  only.at(static_cast<std::size_t>(node) / 64) = 1UL << (node % 64);
  EXPECT_EQ(mask, only);
  auto cpus = topology->cpus_of(node);
  ASSERT_TRUE(cpus);
}

struct SizeRow {
  const char* text;
  std::uint64_t bytes;
  int error;
};
void PrintTo(const SizeRow& row, std::ostream* out) {
  *out << readable(row.text);
}
class SizeText : public ::testing::TestWithParam<SizeRow> {};
TEST_P(SizeText, ParsesAsDaxctlDoes) {
  const auto parsed = parse_size(GetParam().text);
  if (GetParam().error != 0) {
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().value, GetParam().error);
  } else {
    ASSERT_TRUE(parsed);
    EXPECT_EQ(*parsed, GetParam().bytes);
  }
}
INSTANTIATE_TEST_SUITE_P(Rows, SizeText,
                         ::testing::Values(SizeRow{"4096", 4096, 0}, SizeRow{"4k", 4096, 0}, SizeRow{"2M", 2 << 20, 0},
                                           SizeRow{"1G", 1 << 30, 0}, SizeRow{"2MiB", 2 << 20, 0},
                                           SizeRow{"3tb", 3ULL << 40, 0}, SizeRow{"12B", 12, 0}, SizeRow{"", 0, EINVAL},
                                           SizeRow{"M", 0, EINVAL}, SizeRow{"-1", 0, EINVAL},
                                           SizeRow{"1.5G", 0, EINVAL}, SizeRow{"2X", 0, EINVAL},
                                           SizeRow{"2MM", 0, EINVAL}, SizeRow{" 2M", 0, EINVAL},
                                           SizeRow{"2M ", 0, EINVAL}, SizeRow{"8388608T", 0, ERANGE},
                                           SizeRow{"99999999999999999999", 0, ERANGE}));

TEST(SizeText, WritesTheLargestUnitThatDivides) {
  EXPECT_EQ(size_text(4ULL << 30), "4G");
  EXPECT_EQ(size_text(4100 << 10), "4100K");
  EXPECT_EQ(size_text(17), "17");
  EXPECT_EQ(size_text(0), "0");
}

} // namespace
} // namespace daxemu::backing
