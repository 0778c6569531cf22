// Write-back: what was touched and differs is written, nothing else; a load gives it back.
#include "runtime/fault/write_back/write_back.hpp"

#include <cstring>
#include <filesystem>

#include <unistd.h>

#include <gtest/gtest.h>

#include "emu/backing/file_source.hpp"
#include "emu/base/kernel/mapping.hpp"
#include "runtime/fault/devices/lazy_image.hpp"

namespace daxemu::fault {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kExtents = 6;

class WriteBackOf : public ::testing::TestWithParam<std::uint64_t> {
protected:
  void SetUp() override {
    // Beside the build, not in /tmp: that may be a tmpfs, which knows no O_DIRECT.
    path_ = (fs::current_path() / ("write-back-" + std::to_string(::getpid()))).string();
    fs::remove(path_);
    image_.emplace(std::move(*backing::Image::create(path_, kExtents * size(), size())));
    bytes_ = memory("bytes", kExtents * size());
    records_ = memory("folios", mm::FolioTable::file_size(kExtents));
    folios_ = std::move(*mm::FolioTable::map(records_.get(), kExtents));
  }
  void TearDown() override { fs::remove(path_); }

  static std::uint64_t size() { return GetParam(); }
  static UniqueFd memory(const char* name, std::uint64_t length) {
    backing::MemfdSource source;
    auto file = source.make(name, kPageSize);
    EXPECT_TRUE(file.has_value());
    EXPECT_TRUE(sys::ftruncate(file->fd.get(), length).has_value());
    return std::move(file->fd);
  }
  void touch(std::uint64_t extent, const char* text, std::uint64_t offset = 0) {
    EXPECT_TRUE(sys::pwrite(bytes_.get(), text, std::strlen(text), extent * size() + offset).has_value());
    folios_[ExtentIndex(extent)].flags.fetch_or(mm::kFolioTouched);
  }
  WriteBackTotals run() {
    auto totals = WriteBack(*image_, path_, bytes_.get(), folios_).run();
    EXPECT_TRUE(totals.has_value()) << totals.error().value;
    return totals.value_or(WriteBackTotals{});
  }
  void reopen() {
    image_.reset();
    image_.emplace(std::move(*backing::Image::open(path_, backing::Image::Access::read_write)));
  }
  std::string text_in_image(std::uint64_t extent, std::uint64_t offset = 0) {
    std::vector<std::byte> bytes(size());
    EXPECT_TRUE(image_->read(ExtentIndex(extent), bytes).has_value());
    return reinterpret_cast<const char*>(bytes.data() + offset);
  }

  std::string path_;
  std::optional<backing::Image> image_;
  UniqueFd bytes_;
  UniqueFd records_;
  mm::FolioTable folios_;
};

TEST_P(WriteBackOf, WritesWhatWasTouchedAndDiffers) {
  touch(1, "one");
  touch(4, "four", size() - 64);
  touch(2, ""); // touched, all zeros, as the image has it
  WriteBackTotals totals = run();
  EXPECT_EQ(totals.examined, 3U);
  EXPECT_EQ(totals.written, 2U);
  EXPECT_LE(totals.bytes, 2 * (1U << 20)) << "pieces of zeros are holes";
  reopen();
  EXPECT_EQ(text_in_image(1), "one");
  EXPECT_EQ(text_in_image(4, size() - 64), "four");
  totals = run();
  EXPECT_EQ(totals.written, 0U) << "nothing has changed";
  touch(1, "uno");
  EXPECT_EQ(run().written, 1U);
  reopen();
  EXPECT_EQ(text_in_image(1), "uno");
}

TEST_P(WriteBackOf, AnOlderVersionsBytesDoNotShineThroughHoles) {
  for (int version = 0; version < 4; ++version) {
    std::vector<char> noise(size(), static_cast<char>('a' + version));
    EXPECT_TRUE(sys::pwrite(bytes_.get(), noise.data(), noise.size(), 0).has_value());
    touch(0, "noise");
    EXPECT_EQ(run().written, 1U);
  }
  std::vector<char> zeros(size());
  EXPECT_TRUE(sys::pwrite(bytes_.get(), zeros.data(), zeros.size(), 0).has_value());
  touch(0, "last");
  EXPECT_EQ(run().written, 1U);
  reopen();
  EXPECT_EQ(text_in_image(0), "last");
  EXPECT_EQ(text_in_image(0, size() / 2), "");
  EXPECT_TRUE(sys::pwrite(bytes_.get(), "\0\0\0\0", 4, 0).has_value());
  EXPECT_EQ(run().written, 1U);
  EXPECT_FALSE(image_->has_data(ExtentIndex(0)));
}

TEST_P(WriteBackOf, ALoadGivesItBack) {
  touch(3, "back");
  EXPECT_EQ(run().written, 1U);
  reopen();
  const UniqueFd fresh = memory("fresh", kExtents * size());
  std::vector<std::byte> scratch(kPageSize);
  ASSERT_TRUE(load_extent(*image_, ExtentIndex(3), fresh.get(), scratch).has_value());
  char text[5] = {};
  ASSERT_TRUE(sys::pread(fresh.get(), text, 4, 3 * size()).has_value());
  EXPECT_STREQ(text, "back");
}

INSTANTIATE_TEST_SUITE_P(ExtentSizes, WriteBackOf, ::testing::Values(kPageSize, kPmdSize, 16 * kPmdSize));

} // namespace
} // namespace daxemu::fault
