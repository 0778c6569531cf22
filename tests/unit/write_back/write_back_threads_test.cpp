// A write-back that is large enough for two threads: each extent is written once, whoever takes it, in as many commits
// as it takes; whoever fails stops both, and nothing of what was not committed counts.
#include <cstring>
#include <filesystem>
#include <optional>
#include <thread>

#include <unistd.h>

#include <gtest/gtest.h>

#include "emu/backing/file_source.hpp"
#include "emu/base/kernel/whole_io.hpp"
#include "runtime/fault/write_back/write_back.hpp"

namespace daxemu::fault {
namespace {

namespace fs = std::filesystem;

struct Shape {
  const char* name;
  std::uint64_t extent; // bytes
  std::uint64_t extents;
};
void PrintTo(const Shape& row, std::ostream* out) {
  *out << row.name;
}

class WriteBackByTwo : public ::testing::TestWithParam<Shape> {
protected:
  void SetUp() override {
    path_ = (fs::current_path() / ("write-back-two-" + std::to_string(::getpid()))).string();
    fs::remove(path_);
    image_.emplace(std::move(*backing::Image::create(path_, count() * size(), size())));
    bytes_ = memory(count() * size());
    records_ = memory(mm::FolioTable::file_size(count()));
    folios_ = std::move(*mm::FolioTable::map(records_.get(), count()));
  }
  void TearDown() override { fs::remove(path_); }

  static std::uint64_t size() { return GetParam().extent; }
  static std::uint64_t count() { return GetParam().extents; }
  static UniqueFd memory(std::uint64_t length) {
    backing::MemfdSource source;
    auto file = source.make("two", kPageSize);
    EXPECT_TRUE(file && sys::ftruncate(file->fd.get(), length));
    return std::move(file->fd);
  }
  // Bytes that no other extent and no other version has.
  static std::vector<std::byte> content(std::uint64_t extent, std::uint64_t version) {
    std::vector<std::byte> bytes(size());
    std::uint64_t word = extent * 1000 + version;
    for (std::size_t at = 0; at < bytes.size(); at += sizeof word) {
      word = word * 6364136223846793005ULL + 1442695040888963407ULL;
      std::memcpy(bytes.data() + at, &word, sizeof word);
    }
    return bytes;
  }
  void change(std::uint64_t extent, std::uint64_t version) {
    EXPECT_TRUE(write_whole(bytes_.get(), content(extent, version), extent * size()));
    folios_[ExtentIndex(extent)].flags.fetch_or(mm::kFolioTouched);
  }
  Result<WriteBackTotals> run(const WriteBack::Progress& progress = {}) {
    return WriteBack(*image_, path_, bytes_.get(), folios_).run(progress);
  }
  // As the next process finds it.
  bool has(std::uint64_t extent, std::uint64_t version) {
    std::vector<std::byte> bytes(size());
    return image_->read(ExtentIndex(extent), bytes).has_value() && bytes == content(extent, version);
  }
  void reopen() {
    image_.reset();
    image_.emplace(std::move(*backing::Image::open(path_, backing::Image::Access::read_write)));
  }

  std::string path_;
  std::optional<backing::Image> image_;
  UniqueFd bytes_;
  UniqueFd records_;
  mm::FolioTable folios_;
};

TEST_P(WriteBackByTwo, EachExtentOnce) {
  for (std::uint64_t at = 0; at < count(); ++at) {
    change(at, 1);
  }
  auto totals = run();
  ASSERT_TRUE(totals.has_value()) << totals.error().value;
  EXPECT_EQ(totals->examined, count());
  EXPECT_EQ(totals->written, count());
  EXPECT_EQ(totals->bytes, count() * size());
  for (std::uint64_t at = 0; at < count(); at += 3) {
    change(at, 2);
  }
  totals = run();
  ASSERT_TRUE(totals.has_value()) << totals.error().value;
  EXPECT_EQ(totals->examined, count());
  EXPECT_EQ(totals->written, (count() + 2) / 3);
  EXPECT_EQ(totals->bytes, (count() + 2) / 3 * size());
  reopen();
  EXPECT_TRUE(image_->damaged().empty());
  for (std::uint64_t at = 0; at < count(); ++at) {
    ASSERT_TRUE(has(at, at % 3 == 0 ? 2 : 1)) << "extent " << at;
  }
}

TEST_P(WriteBackByTwo, ProgressIsToldByTheCallersThreadAndNeverGoesBack) {
  for (std::uint64_t at = 0; at < count(); ++at) {
    change(at, 1);
  }
  const auto me = std::this_thread::get_id();
  std::uint64_t before = 0;
  ASSERT_TRUE(run([&](std::uint64_t done, std::uint64_t all) {
    EXPECT_EQ(std::this_thread::get_id(), me);
    EXPECT_EQ(all, count());
    EXPECT_GE(done, before);
    EXPECT_LE(done, all);
    before = done;
  }));
  EXPECT_EQ(before, count());
}

// The device's bytes end in its midst, so whoever comes there cannot read them.
TEST_P(WriteBackByTwo, WhoFailsStopsBoth) {
  for (std::uint64_t at = 0; at < count(); ++at) {
    change(at, 1);
  }
  ASSERT_TRUE(run());
  for (std::uint64_t at = 0; at < count(); ++at) {
    change(at, 2);
  }
  ASSERT_TRUE(sys::ftruncate(bytes_.get(), count() / 2 * size()));
  const auto failed = run();
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error(), Errno{EIO});
  reopen();
  EXPECT_TRUE(image_->damaged().empty());
  for (std::uint64_t at = 0; at < count(); ++at) {
    ASSERT_TRUE(has(at, 1) || (at < count() / 2 && has(at, 2))) << "extent " << at;
  }
  ASSERT_TRUE(sys::ftruncate(bytes_.get(), count() * size()));
  for (std::uint64_t at = 0; at < count(); ++at) {
    change(at, 3);
  }
  ASSERT_TRUE(run());
  reopen();
  for (std::uint64_t at = 0; at < count(); ++at) {
    ASSERT_TRUE(has(at, 3)) << "extent " << at;
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, WriteBackByTwo,
                         ::testing::Values(Shape{"SmallExtents", 16 << 10, 601}, Shape{"Extents2M", 2 << 20, 9},
                                           Shape{"LargerThanItsBuffers", 8 << 20, 3}),
                         [](const auto& shape) { return shape.param.name; });

} // namespace
} // namespace daxemu::fault
