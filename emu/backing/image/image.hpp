// An image file: versions of a device's extents, each one whole and checked, or not there (image_format.hpp has the
// bytes and the reasons). Reading and committing are here; who writes the data in between (one pwrite, or many at once
// by io_uring) is the caller's choice.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "emu/backing/image/image_format.hpp"
#include "emu/base/function_ref.hpp"
#include "emu/base/kernel/mapping.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/result.hpp"
#include "emu/base/units.hpp"

namespace daxemu::backing {

class Image {
public:
  enum class Access {
    read_write,
    read_only,
    beside, // read-only, beside a writer: for extents that nobody can be writing back, having never touched them
  };

  // A new, empty image for `size` bytes in extents of `extent_size`: all zeros, sparse. Held exclusively.
  // Errors (Problem): EEXIST, those of open(2) and ftruncate(2).
  [[nodiscard]] static Outcome<Image> create(const std::string& path, std::uint64_t size, std::uint64_t extent_size);

  // An existing one. Nothing is written to a file that is not a whole image of this version. Read-only (a snapshot)
  // shares it with other readers; read-write excludes everybody. Errors (Problem): ENOENT, EBUSY (in use), EPROTO
  // (no image, or damaged), ENOTSUP (another version), EIO (cut short).
  [[nodiscard]] static Outcome<Image> open(const std::string& path, Access access);

  [[nodiscard]] std::uint64_t size() const { return header_.size; }
  [[nodiscard]] std::uint64_t extent_size() const { return header_.extent_size; }
  [[nodiscard]] std::uint64_t extents() const { return layout_.extents(); }
  [[nodiscard]] int fd() const { return fd_.get(); }
  // From now on by another descriptor of the same file; the one before is closed.
  void use(UniqueFd fd) { fd_ = std::move(fd); }

  // Extents whose newest entry was torn or damaged and which therefore have the version before, or none.
  [[nodiscard]] const std::vector<ExtentIndex>& damaged() const { return damaged_; }
  // Has the extent a version that is not all zeros?
  [[nodiscard]] bool has_data(ExtentIndex extent) const;
  [[nodiscard]] std::uint64_t checksum(ExtentIndex extent) const { return current(extent).data_checksum; }

  // The extent's bytes into `into` (extent_size bytes), verified. Errors: EBADMSG (the bytes are not those that were
  // committed), pread(2)'s.
  [[nodiscard]] Result<void> read(ExtentIndex extent, std::span<std::byte> into) const;

  // The same through `scratch`, piece by piece: `take` is given each and where in the extent it begins. What was taken
  // counts only if all is well in the end. Allocates nothing. Errors: as read(), those of `take`.
  using Take = FunctionRef<Result<void>(std::uint64_t at, std::span<const std::byte> piece)>;
  [[nodiscard]] Result<void> read_through(ExtentIndex extent, std::span<std::byte> scratch, Take take) const;

  // Where its version is, for one that has data: bytes from the file's start, a multiple of 4096.
  [[nodiscard]] std::uint64_t source(ExtentIndex extent) const {
    return layout_.slot(current(extent).generation, extent);
  }
  // read_through() of bytes that somebody has read there. Errors: EBADMSG, those of `take`.
  [[nodiscard]] Result<void> pass_through(ExtentIndex extent, std::span<const std::byte> bytes, std::size_t piece,
                                          Take take) const;

  // The extent will be read soon: the disk begins to, and nobody waits (POSIX_FADV_WILLNEED).
  void expect(ExtentIndex extent) const;

  // A write-back. For each extent: write its bytes at target(extent), or nothing if they are all zero; then commit()
  // all of them. Until commit() returns, the versions before are what counts.
  struct Written {
    ExtentIndex extent;
    std::uint64_t checksum = 0; // checksum_of(bytes)
    bool zero = false;
  };
  [[nodiscard]] std::uint64_t target(ExtentIndex extent) const; // bytes from the file's start; a multiple of 4096
  // In any order; neighbours that stand side by side are entered at once.
  // Makes the data durable, then the entries. The slots of the versions before stay allocated, for the next write-back:
  // freeing and allocating them again costs a disk half its speed. An extent of zeros has none.
  // Errors: EROFS (opened read-only), pwrite(2)'s, fdatasync(2)'s: then none of the extents count, and the same
  // write-back may be tried again; EIO ever after if not even that could be made sure of.
  [[nodiscard]] Result<void> commit(std::span<const Written> written);

  // Frees all slots but those of the current versions: when the disk is full.
  void trim() const;

  // XXH3 of an extent's bytes.
  [[nodiscard]] static std::uint64_t checksum_of(std::span<const std::byte> bytes);
  [[nodiscard]] static bool all_zero(std::span<const std::byte> bytes);

private:
  Image(UniqueFd fd, image::Header header, Access access)
      : fd_(std::move(fd)), header_(header), layout_(header), access_(access) {}
  // Room for an entry of each extent. Errors: ENOMEM.
  [[nodiscard]] Result<void> reserve();
  [[nodiscard]] Result<void> load_tables();
  template <class Next>
  [[nodiscard]] Result<void> through(ExtentIndex extent, std::size_t size, Next next, Take take) const;
  void take_entries(unsigned which, std::uint64_t first, std::span<const image::Entry> entries);
  [[nodiscard]] image::Entry& current(ExtentIndex extent) const {
    return static_cast<image::Entry*>(current_.data())[extent.value()];
  }
  [[nodiscard]] std::size_t run_of(std::span<const Written> written) const;
  [[nodiscard]] Result<void> enter(std::span<const Written> written, std::vector<image::Entry>& replaced);
  void free_slot(std::uint64_t offset, std::uint64_t count) const;
  void withdraw(std::span<const Written> written, std::span<const image::Entry> replaced);

  UniqueFd fd_;
  image::Header header_;
  image::Layout layout_;
  Access access_;
  Mapping current_; // the newest valid entry of each extent; generation 0: none, all zeros. Sparse, as the tables are
  std::vector<ExtentIndex> damaged_;
  bool doubtful_ = false; // entries of a commit that failed may be on the disk
};

} // namespace daxemu::backing
