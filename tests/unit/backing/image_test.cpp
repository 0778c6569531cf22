// Image files: versions of extents that are whole or not there, whatever a crash tears and whichever bit flips.
#include "emu/backing/image/image.hpp"

#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace daxemu::backing {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kExtent = kPageSize; // small ones: the format does not care
constexpr std::uint64_t kExtents = 8;

std::vector<std::byte> filled(unsigned char value) {
  return std::vector<std::byte>(kExtent, std::byte{value});
}

// Writes beyond `bytes` fail with EFBIG for as long as it lives.
class LowFileSize {
public:
  explicit LowFileSize(std::uint64_t bytes) : signal_(::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit low{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &low);
  }
  LowFileSize(const LowFileSize&) = delete;
  LowFileSize& operator=(const LowFileSize&) = delete;
  ~LowFileSize() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, signal_);
  }

private:
  sighandler_t signal_;
  rlimit before_{};
};

class ImageFile : public ::testing::Test {
protected:
  void SetUp() override {
    path_ = (fs::temp_directory_path() / ("daxemu-image-" + std::to_string(::getpid()))).string();
    fs::remove(path_);
  }
  void TearDown() override { fs::remove(path_); }

  Image made() {
    auto image = Image::create(path_, kExtents * kExtent, kExtent);
    EXPECT_TRUE(image.has_value()) << image.error().what;
    return std::move(*image);
  }
  Image reopened(Image::Access access = Image::Access::read_write) {
    auto image = Image::open(path_, access);
    EXPECT_TRUE(image.has_value()) << image.error().what;
    return std::move(*image);
  }
  static void write_data(const Image& image, ExtentIndex extent, const std::vector<std::byte>& bytes) {
    ASSERT_EQ(*sys::pwrite(image.fd(), bytes.data(), bytes.size(), image.target(extent)), bytes.size());
  }
  static Image::Written written(ExtentIndex extent, const std::vector<std::byte>& bytes) {
    return {extent, Image::checksum_of(bytes), Image::all_zero(bytes)};
  }
  static void put(Image& image, ExtentIndex extent, const std::vector<std::byte>& bytes) {
    write_data(image, extent, bytes);
    const Image::Written one = written(extent, bytes);
    ASSERT_TRUE(image.commit(std::span(&one, 1)).has_value());
  }
  static std::vector<std::byte> get(const Image& image, ExtentIndex extent) {
    std::vector<std::byte> bytes(kExtent, std::byte{0xEE});
    EXPECT_TRUE(image.read(extent, bytes).has_value());
    return bytes;
  }
  void flip(std::uint64_t offset) const {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset));
    const int byte = file.get();
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(static_cast<char>(byte ^ 0x10));
  }
  std::string path_;
};

TEST_F(ImageFile, ANewOneIsZerosAndSparse) {
  const Image image = made();
  EXPECT_EQ(get(image, ExtentIndex(3)), filled(0));
  EXPECT_FALSE(image.has_data(ExtentIndex(3)));
  struct stat st = {};
  ASSERT_EQ(::stat(path_.c_str(), &st), 0);
  EXPECT_LE(st.st_blocks * 512, 8192);
}

TEST_F(ImageFile, KeepsTheLastVersionOverReopening) {
  {
    Image image = made();
    for (unsigned char version = 1; version <= 5; ++version) {
      put(image, ExtentIndex(2), filled(version));
      EXPECT_EQ(get(image, ExtentIndex(2)), filled(version));
    }
    put(image, ExtentIndex(7), filled(0x77));
  }
  const Image image = reopened();
  EXPECT_EQ(get(image, ExtentIndex(2)), filled(5));
  EXPECT_EQ(get(image, ExtentIndex(7)), filled(0x77));
  EXPECT_EQ(get(image, ExtentIndex(0)), filled(0));
  EXPECT_TRUE(image.damaged().empty());
}

// Neighbours are entered at once where the same table has them: those that were written as often, in the order given.
TEST_F(ImageFile, ACommitOfManyIsThatOfEach) {
  const std::vector<std::uint64_t> orders[] = {
      {0, 1, 2, 3, 4, 5, 6, 7}, {7, 6, 5, 4, 3, 2, 1, 0}, {4, 5, 1, 2, 3, 7, 0, 6}};
  unsigned char version = 10;
  {
    Image image = made();
    put(image, ExtentIndex(2), filled(1)); // from now on in other tables than their neighbours
    put(image, ExtentIndex(5), filled(1));
    for (const auto& order : orders) {
      std::vector<Image::Written> all;
      for (const std::uint64_t at : order) {
        const ExtentIndex extent(at);
        const auto bytes = filled(at == 3 ? 0 : static_cast<unsigned char>(version + at));
        if (at != 3) {
          write_data(image, extent, bytes);
        }
        all.push_back(written(extent, bytes));
      }
      ASSERT_TRUE(image.commit(all).has_value());
      version += 10;
    }
  }
  const Image image = reopened();
  EXPECT_TRUE(image.damaged().empty());
  for (std::uint64_t at = 0; at < kExtents; ++at) {
    EXPECT_EQ(get(image, ExtentIndex(at)), filled(at == 3 ? 0 : static_cast<unsigned char>(version - 10 + at))) << at;
  }
  EXPECT_FALSE(image.has_data(ExtentIndex(3)));
}

// Of a large image that little was written to, little is read (and none of it at every extent's place in the tables).
TEST_F(ImageFile, ASparseOneOf1TiBIsOpenedByReadingWhatIsThere) {
  constexpr std::uint64_t kHuge = 1ULL << 40;
  const std::vector<ExtentIndex> some = {ExtentIndex(0), ExtentIndex(123'456), ExtentIndex(kHuge / kPmdSize - 1)};
  std::vector<std::byte> bytes(kPmdSize, std::byte{5});
  {
    auto image = Image::create(path_, kHuge, kPmdSize);
    ASSERT_TRUE(image.has_value()) << image.error().what;
    for (const ExtentIndex extent : some) {
      ASSERT_EQ(*sys::pwrite(image->fd(), bytes.data(), bytes.size(), image->target(extent)), bytes.size());
      const Image::Written one = written(extent, bytes);
      ASSERT_TRUE(image->commit(std::span(&one, 1)).has_value());
    }
  }
  const auto read_so_far = [] {
    std::ifstream file("/proc/self/io");
    std::string name;
    std::uint64_t count = 0;
    file >> name >> count; // rchar
    return count;
  };
  const std::uint64_t before = read_so_far();
  const Image image = reopened();
  EXPECT_LT(read_so_far() - before, 1U << 20) << "the tables have 32 MiB";
  EXPECT_TRUE(image.damaged().empty());
  for (const ExtentIndex extent : some) {
    EXPECT_TRUE(image.has_data(extent));
    ASSERT_TRUE(image.read(extent, bytes).has_value());
    EXPECT_EQ(bytes, std::vector<std::byte>(kPmdSize, std::byte{5}));
  }
  EXPECT_FALSE(image.has_data(ExtentIndex(1)));
}

TEST_F(ImageFile, ZerosTakeNoSlotAndReplaceData) {
  Image image = made();
  put(image, ExtentIndex(1), filled(9));
  const std::vector<std::byte> zeros = filled(0);
  const Image::Written one = written(ExtentIndex(1), zeros);
  EXPECT_TRUE(one.zero);
  ASSERT_TRUE(image.commit(std::span(&one, 1)).has_value());
  EXPECT_FALSE(image.has_data(ExtentIndex(1)));
  EXPECT_EQ(get(image, ExtentIndex(1)), zeros);
}

TEST_F(ImageFile, DataThatWasNotCommittedDoesNotCount) {
  {
    Image image = made();
    put(image, ExtentIndex(4), filled(1));
    write_data(image, ExtentIndex(4), filled(2)); // the crash comes here
  }
  EXPECT_EQ(get(reopened(), ExtentIndex(4)), filled(1));
}

TEST_F(ImageFile, ATornEntryLeavesTheVersionBefore) {
  std::uint64_t entry = 0;
  {
    Image image = made();
    put(image, ExtentIndex(4), filled(1));
    write_data(image, ExtentIndex(4), filled(2));
    // Generation 2 is described in table 0, the first after the header.
    entry = kPageSize + 4 * sizeof(image::Entry);
    const std::uint64_t half[2] = {2, 0x1234};
    ASSERT_EQ(*sys::pwrite(image.fd(), half, sizeof half, entry), sizeof half);
  }
  const Image image = reopened();
  EXPECT_EQ(get(image, ExtentIndex(4)), filled(1));
  ASSERT_EQ(image.damaged().size(), 1U);
  EXPECT_EQ(image.damaged()[0], ExtentIndex(4));
}

TEST_F(ImageFile, ABitFlippedAnywhereInHeaderEntryOrDataIsDetected) {
  std::uint64_t slot = 0;
  {
    Image image = made();
    slot = image.target(ExtentIndex(5));
    put(image, ExtentIndex(5), filled(0x55));
  }
  for (std::uint64_t offset = 0; offset < sizeof(image::Header); ++offset) {
    flip(offset);
    EXPECT_FALSE(Image::open(path_, Image::Access::read_only).has_value()) << "header byte " << offset;
    flip(offset);
  }
  const std::uint64_t entry = 2 * kPageSize + 5 * sizeof(image::Entry); // generation 1 is in table 1
  for (std::uint64_t offset = 0; offset < sizeof(image::Entry); ++offset) {
    flip(entry + offset);
    EXPECT_EQ(reopened(Image::Access::read_only).damaged().size(), 1U) << "entry byte " << offset;
    flip(entry + offset);
  }
  std::vector<std::byte> bytes(kExtent);
  for (std::uint64_t offset = 0; offset < kExtent; offset += 61) {
    flip(slot + offset);
    EXPECT_EQ(reopened(Image::Access::read_only).read(ExtentIndex(5), bytes).error(), Errno{EBADMSG}) << offset;
    flip(slot + offset);
  }
  EXPECT_EQ(get(reopened(), ExtentIndex(5)), filled(0x55));
}

TEST_F(ImageFile, ACommitThatFailsHalfWayLeavesNoEntryThatVouchesForTheNextTry) {
  {
    Image image = made();
    for (const ExtentIndex extent : {ExtentIndex(3), ExtentIndex(4)}) {
      put(image, extent, filled(1));
      write_data(image, extent, filled(2));
    }
    const Image::Written both[] = {written(ExtentIndex(3), filled(2)), written(ExtentIndex(4), filled(2))};
    {
      // Generation 2 is described in table 0: the entry of extent 3 still fits under the limit, that of extent 4 does
      // not.
      const LowFileSize limit(kPageSize + 4 * sizeof(image::Entry));
      EXPECT_EQ(image.commit(both).error(), Errno{EFBIG});
    }
    EXPECT_EQ(get(image, ExtentIndex(3)), filled(1));
    write_data(image, ExtentIndex(3), filled(7)); // the next try, of other bytes, and the crash comes here
  }
  Image image = reopened();
  EXPECT_EQ(get(image, ExtentIndex(3)), filled(1));
  EXPECT_EQ(get(image, ExtentIndex(4)), filled(1));
  EXPECT_TRUE(image.damaged().empty());
  put(image, ExtentIndex(3), filled(8));
  EXPECT_EQ(get(image, ExtentIndex(3)), filled(8));
}

TEST_F(ImageFile, AnEntryOfAnotherExtentOrImageIsNotBelieved) {
  std::array<std::byte, sizeof(image::Entry)> entry{};
  {
    Image image = made();
    put(image, ExtentIndex(0), filled(3));
    ASSERT_TRUE(sys::pread(image.fd(), entry.data(), entry.size(), 2 * kPageSize).has_value());
    ASSERT_TRUE(sys::pwrite(image.fd(), entry.data(), entry.size(), 2 * kPageSize + sizeof(image::Entry)).has_value());
  }
  EXPECT_EQ(reopened().damaged(), std::vector<ExtentIndex>{ExtentIndex(1)});
}

TEST_F(ImageFile, RefusesWhatIsNoWholeImage) {
  EXPECT_EQ(Image::open(path_, Image::Access::read_only).error().code, ENOENT);
  std::ofstream(path_) << "something else entirely, but longer than nothing";
  EXPECT_EQ(Image::open(path_, Image::Access::read_write).error().code, EPROTO);
  EXPECT_EQ(Image::create(path_, kExtent, kExtent).error().code, EEXIST);
  fs::remove(path_);
  (void)made();
  fs::resize_file(path_, 3 * kPageSize);
  EXPECT_EQ(Image::open(path_, Image::Access::read_only).error().code, EIO);
}

TEST_F(ImageFile, OneWriterOrManyReaders) {
  (void)made();
  {
    const Image writer = reopened();
    EXPECT_EQ(Image::open(path_, Image::Access::read_only).error().code, EBUSY);
    EXPECT_EQ(Image::open(path_, Image::Access::read_write).error().code, EBUSY);
  }
  const Image first = reopened(Image::Access::read_only);
  Image second = reopened(Image::Access::read_only);
  EXPECT_EQ(Image::open(path_, Image::Access::read_write).error().code, EBUSY);
  const Image::Written nothing{};
  EXPECT_EQ(second.commit(std::span(&nothing, 1)).error(), Errno{EROFS});
}

} // namespace
} // namespace daxemu::backing
