// An image whose bytes are anybody's: it is refused without a byte written to it, or each extent reads as a version
// that was once committed, or as damaged.
#include <cstring>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "emu/backing/image/image.hpp"
#include "tests/fuzz/patch.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace daxemu;
using backing::Image;

constexpr std::uint64_t kExtents = 4;

std::vector<std::byte> filled(unsigned char value) {
  return std::vector<std::byte>(kPageSize, std::byte{value});
}

std::string path_of(const char* name) {
  return std::string(std::getenv("TMPDIR") != nullptr ? std::getenv("TMPDIR") : "/dev/shm") + "/" + name + "-" +
         std::to_string(::getpid());
}

// Extent 0 has versions 1 and 2, extent 1 version 1, extent 2 zeros after data, extent 3 was never written.
std::vector<std::byte> sample() {
  const std::string path = path_of("daxemu-fuzz-sample");
  auto image = Image::create(path, kExtents * kPageSize, kPageSize);
  const auto put = [&](std::uint64_t extent, unsigned char value) {
    const auto bytes = filled(value);
    (void)sys::pwrite(image->fd(), bytes.data(), bytes.size(), image->target(ExtentIndex(extent)));
    const Image::Written one{ExtentIndex(extent), Image::checksum_of(bytes), value == 0};
    (void)image->commit(std::span(&one, 1));
  };
  put(0, 1);
  put(0, 2);
  put(1, 1);
  put(2, 1);
  put(2, 0);
  const auto st = sys::fstat(image->fd());
  std::vector<std::byte> bytes(static_cast<std::size_t>(st->st_size));
  (void)sys::pread(image->fd(), bytes.data(), bytes.size(), 0);
  ::unlink(path.c_str());
  return bytes;
}

template <class Record>
Record record_at(const std::vector<std::byte>& bytes, std::uint64_t offset) {
  Record record;
  std::memcpy(&record, bytes.data() + offset, sizeof record);
  return record;
}

// So that the fuzzer gets behind what a flipped bit never does.
void mend(std::vector<std::byte>& bytes) {
  if (bytes.size() < 3 * kPageSize) {
    return;
  }
  auto header = record_at<backing::image::Header>(bytes, 0);
  header.checksum = backing::image::checksum_of(header);
  std::memcpy(bytes.data(), &header, sizeof header);
  for (const unsigned table : {0U, 1U}) {
    for (std::uint64_t at = 0; at < kExtents; ++at) {
      const std::uint64_t offset = (1 + table) * kPageSize + at * sizeof(backing::image::Entry);
      auto entry = record_at<backing::image::Entry>(bytes, offset);
      entry.checksum = backing::image::checksum_of(entry, ExtentIndex(at), header);
      std::memcpy(bytes.data() + offset, &entry, sizeof entry);
    }
  }
}

struct File {
  std::string path = path_of("daxemu-fuzz-image");
  int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  File() = default;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { ::unlink(path.c_str()); }
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<std::byte> kSample = sample();
  static const File kImage;
  std::vector<std::byte> bytes = kSample;
  const fuzz::Patched patched = fuzz::patch(bytes, {data, size});
  if (patched.mend_checksums) {
    mend(bytes);
  }
  fuzz::write_file(kImage.fd, bytes);
  auto image = Image::open(kImage.path, Image::Access::read_write);
  if (!image) {
    fuzz::expect_untouched(kImage.fd, bytes);
    return 0;
  }
  if (image->extents() > kExtents * 2 || image->extent_size() > 16 * kPageSize) {
    return 0; // another geometry, whole in its way: the file is long enough for it
  }
  std::vector<std::byte> extent(image->extent_size());
  for (std::uint64_t at = 0; at < image->extents(); ++at) {
    const bool read = image->read(ExtentIndex(at), extent).has_value();
    const bool known = extent == filled(0) || extent == filled(1) || extent == filled(2);
    fuzz::require(!read || known || patched.mend_checksums, "an extent reads as a version that was committed");
  }
  fuzz::expect_untouched(kImage.fd, bytes);
  return 0;
}
