// A write-back that the disk has no room for: what of it counts, and which extent it was that had no place.
#include <csignal>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "emu/backing/file_source.hpp"
#include "emu/backing/own_tmpfs.hpp"
#include "emu/base/kernel/whole_io.hpp"
#include "runtime/fault/write_back/write_back.hpp"

namespace daxemu::fault {
namespace {

constexpr std::uint64_t kExtent = 16 << 10;
constexpr std::uint64_t kBatch = 256; // extents of a commit
constexpr std::uint64_t kExtents = 600;

// A folder with room for this many bytes.
Result<UniqueFd> small_disk(std::uint64_t size) {
  const std::string bytes = std::to_string(size);
  const std::pair<const char*, const char*> options[] = {{"size", bytes.c_str()}};
  return backing::own_tmpfs(options);
}

class WriteBackFull : public ::testing::Test {
protected:
  // Room for so many extents, and what the image has besides.
  void make(std::uint64_t extents) {
    auto disk = small_disk(extents * kExtent + (256U << 10U));
    if (!disk) {
      GTEST_SKIP() << "no tmpfs of one's own: " << std::strerror(disk.error().value);
    }
    disk_ = std::move(*disk);
    path_ = "/proc/self/fd/" + std::to_string(disk_.get()) + "/image";
    image_.emplace(std::move(*backing::Image::create(path_, kExtents * kExtent, kExtent)));
    bytes_ = memory(kExtents * kExtent);
    records_ = memory(mm::FolioTable::file_size(kExtents));
    folios_ = std::move(*mm::FolioTable::map(records_.get(), kExtents));
  }
  static UniqueFd memory(std::uint64_t length) {
    backing::MemfdSource source;
    auto file = source.make("full", kPageSize);
    EXPECT_TRUE(file && sys::ftruncate(file->fd.get(), length));
    return std::move(file->fd);
  }
  void change(std::uint64_t extent, char version) {
    const std::vector<std::byte> content(kExtent, static_cast<std::byte>(version));
    EXPECT_TRUE(write_whole(bytes_.get(), content, extent * kExtent));
    folios_[ExtentIndex(extent)].flags.fetch_or(mm::kFolioTouched);
  }
  void change_all(char version) {
    for (std::uint64_t at = 0; at < kExtents; ++at) {
      change(at, version);
    }
  }
  std::uint64_t extents_of(char version) {
    std::vector<std::byte> bytes(kExtent);
    std::uint64_t found = 0;
    for (std::uint64_t at = 0; at < kExtents; ++at) {
      found += image_->read(ExtentIndex(at), bytes) && bytes.front() == static_cast<std::byte>(version) ? 1 : 0;
    }
    return found;
  }
  WriteBack work() { return WriteBack(*image_, path_, bytes_.get(), folios_); }

  UniqueFd disk_;
  std::string path_;
  std::optional<backing::Image> image_;
  UniqueFd bytes_;
  UniqueFd records_;
  mm::FolioTable folios_;
};

TEST_F(WriteBackFull, WhatWasCommittedBeforeCountsAndTheExtentIsNamed) {
  constexpr std::uint64_t kRoom = 400;
  ASSERT_NO_FATAL_FAILURE(make(kRoom));
  if (IsSkipped()) {
    return;
  }
  change_all('a');
  WriteBack full = work();
  const auto done = full.run();
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error(), Errno{ENOSPC});
  const std::uint64_t committed = extents_of('a');
  EXPECT_GE(committed, kBatch);
  EXPECT_EQ(full.totals().written, committed);
  ASSERT_TRUE(full.failed_at().has_value());
  EXPECT_GE(full.failed_at()->value(), committed);
  EXPECT_LT(full.failed_at()->value(), kExtents);
  EXPECT_GE(full.totals().bytes, kRoom * kExtent) << "the disk was full, and had all of these";
}

TEST_F(WriteBackFull, WhatWasCommittedBeforeRoomWasMadeCounts) {
  ASSERT_NO_FATAL_FAILURE(
      make(kExtents + kBatch + 100)); // for a batch of new versions beside the old ones, not for two
  if (IsSkipped()) {
    return;
  }
  change_all('a');
  WriteBack first = work();
  ASSERT_TRUE(first.run());
  change_all('b');
  WriteBack second = work();
  const auto done = second.run();
  ASSERT_TRUE(done.has_value()) << done.error().value;
  EXPECT_EQ(done->examined, kExtents);
  EXPECT_EQ(done->written, kExtents);
  EXPECT_GE(done->bytes, kExtents * kExtent);
  EXPECT_FALSE(second.failed_at().has_value());
  EXPECT_EQ(extents_of('b'), kExtents);
}

// Writes fail later than they are asked for: it is not the extent at hand that is named.
TEST_F(WriteBackFull, OfALimitTheExtentBeyondItIsNamed) {
  ASSERT_NO_FATAL_FAILURE(make(2 * kExtents));
  if (IsSkipped()) {
    return;
  }
  constexpr std::uint64_t kFits = 20;
  for (std::uint64_t at = 0; at <= kFits; ++at) {
    change(at, 'a');
  }
  const rlimit limit{image_->target(ExtentIndex(kFits)), RLIM_INFINITY};
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  WriteBack full = work();
  const auto done = full.run();
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, handler);
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error(), Errno{EFBIG});
  ASSERT_TRUE(full.failed_at().has_value());
  EXPECT_EQ(full.failed_at()->value(), kFits);
  EXPECT_EQ(full.totals().written, 0U);
  EXPECT_EQ(full.totals().bytes, kFits * kExtent);
}

} // namespace
} // namespace daxemu::fault
