#include "emu/backing/image/image.hpp"

#include <algorithm>
#include <cstring>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/backing/image/checksum.hpp"
#include "emu/backing/image/data_walk.hpp"
#include "emu/base/kernel/whole_io.hpp"
#include "emu/base/program/aside.hpp"
#include "emu/base/text/size_text.hpp"

namespace daxemu::backing {
namespace {

constexpr std::size_t kPiece = 128UL << 10; // what a processor's cache keeps until it is added up, too

using image::Entry;
using image::Header;

tl::unexpected<Problem> problem_of(const std::string& path, int code) {
  switch (code) {
  case EEXIST:
    return refuse(code, "the image " + path + " exists", "use it, or choose another name");
  case EBUSY:
    return refuse(code, "the image " + path + " is in use", "end the platform that uses it, or open it read-only");
  case EPROTO:
    return refuse(code, path + " is no image of daxemu, or its header is damaged", "give the path of an image");
  case ENOTSUP:
    return refuse(code, path + " is an image of another version of daxemu", "use the version that made it");
  case EIO:
    return refuse(code, "the image " + path + " is cut short", "restore it from a copy");
  default:
    return refuse(code, "the image " + path + ": " + std::strerror(code), "check the path and the disk");
  }
}

Result<void> make_durable(int fd) {
  const auto done = sys::call(SYS_fdatasync, fd);
  if (!done) {
    return tl::unexpected(done.error());
  }
  return {};
}

Result<void> lock(int fd, int operation) {
  const auto held = sys::call(SYS_flock, fd, operation | LOCK_NB);
  if (!held) {
    return fail(held.error() == Errno{EWOULDBLOCK} ? EBUSY : held.error().value);
  }
  return {};
}

} // namespace

Outcome<Image> Image::create(const std::string& path, std::uint64_t size, std::uint64_t extent_size) {
  auto raw = sys::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (!raw) {
    return problem_of(path, raw.error().value);
  }
  UniqueFd fd(*raw);
  Header header;
  header.magic = image::kMagic;
  header.version = image::kVersion;
  header.extent_size = extent_size;
  header.size = size;
  (void)::getrandom(header.identity.data(), sizeof header.identity, 0);
  header.checksum = image::checksum_of(header);
  const std::uint64_t file_size = image::Layout(header).file_size();
  Result<void> done = image::check(header, file_size);
  if (done) {
    done = lock(fd.get(), LOCK_EX);
  }
  if (done) {
    done = sys::ftruncate(fd.get(), file_size);
  }
  if (done) { // last: until now it is no image
    done = write_whole(fd.get(), std::as_bytes(std::span(&header, 1)), 0);
  }
  if (done) {
    done = make_durable(fd.get());
  }
  if (!done) {
    (void)::unlink(path.c_str());
    return problem_of(path, done.error().value);
  }
  Image image(std::move(fd), header, Access::read_write);
  if (auto room = image.reserve(); !room) {
    (void)::unlink(path.c_str());
    return problem_of(path, room.error().value);
  }
  return image;
}

Outcome<Image> Image::open(const std::string& path, Access access) {
  const bool writable = access == Access::read_write;
  auto raw = sys::open(path.c_str(), (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
  if (!raw) {
    return problem_of(path, raw.error().value);
  }
  UniqueFd fd(*raw);
  const auto st = sys::fstat(fd.get());
  if (!st || !S_ISREG(st->st_mode)) {
    return problem_of(path, EPROTO);
  }
  if (access != Access::beside) {
    if (auto held = lock(fd.get(), writable ? LOCK_EX : LOCK_SH); !held) {
      return problem_of(path, held.error().value);
    }
  }
  Header header;
  const std::span<std::byte> bytes = std::as_writable_bytes(std::span(&header, 1));
  if (!read_whole(fd.get(), bytes, 0)) {
    return problem_of(path, EPROTO); // shorter than a header
  }
  if (auto fine = image::check(header, static_cast<std::uint64_t>(st->st_size)); !fine) {
    return problem_of(path, fine.error().value);
  }
  Image image(std::move(fd), header, access);
  auto loaded = image.reserve();
  if (loaded) {
    loaded = image.load_tables();
  }
  if (!loaded) {
    return problem_of(path, loaded.error().value);
  }
  // A writer that was killed may have left entries that only the page cache knows. The next write-back overwrites the
  // versions before them, so they have to be on the disk first.
  if (writable) {
    if (auto durable = make_durable(image.fd()); !durable) {
      return problem_of(path, durable.error().value);
    }
  }
  return image;
}

Result<void> Image::reserve() {
  auto room = sys::map_aside(-1, align_up(std::max<std::uint64_t>(layout_.extents() * sizeof(Entry), 1), kPageSize),
                             PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);
  if (!room) {
    return tl::unexpected(room.error());
  }
  current_ = std::move(*room);
  return {};
}

// Only what the file has: of an image of 1 TiB that was written to here and there, most of the tables is a hole.
Result<void> Image::load_tables() {
  constexpr std::uint64_t kAtOnce = 4096; // entries
  std::vector<Entry> entries;
  for (unsigned which = 0; which < 2; ++which) {
    const std::uint64_t begin = layout_.table(which);
    const std::uint64_t end = begin + layout_.extents() * sizeof(Entry);
    for (DataWalk walk(fd_.get(), begin, end); walk.next();) {
      // Whole entries: where a hole begins is the file system's business.
      const std::uint64_t last = (walk.end() - begin + sizeof(Entry) - 1) / sizeof(Entry);
      for (std::uint64_t at = (walk.begin() - begin) / sizeof(Entry); at < last; at += entries.size()) {
        entries.resize(std::min(kAtOnce, last - at));
        if (auto got = read_whole(fd_.get(), std::as_writable_bytes(std::span(entries)), begin + at * sizeof(Entry));
            !got) {
          return got;
        }
        take_entries(which, at, entries);
      }
    }
  }
  std::sort(damaged_.begin(), damaged_.end());
  damaged_.erase(std::unique(damaged_.begin(), damaged_.end()), damaged_.end());
  return {};
}

void Image::take_entries(unsigned which, std::uint64_t first, std::span<const Entry> entries) {
  for (std::uint64_t at = 0; at < entries.size(); ++at) {
    const Entry& entry = entries[at];
    const ExtentIndex extent(first + at);
    const Entry never{};
    if (std::memcmp(&entry, &never, sizeof entry) == 0) {
      continue;
    }
    const bool whole = entry.checksum == image::checksum_of(entry, extent, header_) && entry.generation != 0 &&
                       entry.generation % 2 == which;
    if (!whole) {
      damaged_.push_back(extent);
    } else if (entry.generation > current(extent).generation) {
      current(extent) = entry;
    }
  }
}

bool Image::has_data(ExtentIndex extent) const {
  const Entry& entry = current(extent);
  return entry.generation != 0 && entry.zero == 0;
}

// Each piece is added up and taken while the processor's cache has it.
template <class Next> // Result<std::span<const std::byte>>(at, length)
Result<void> Image::through(ExtentIndex extent, std::size_t size, Next next, Take take) const {
  Checksum sum;
  for (std::uint64_t at = 0; at < header_.extent_size; at += size) {
    const auto piece = next(at, std::min<std::uint64_t>(size, header_.extent_size - at));
    if (!piece) {
      return tl::unexpected(piece.error());
    }
    sum.add(*piece);
    if (auto done = take(at, *piece); !done) {
      return done;
    }
  }
  return sum.value() == current(extent).data_checksum ? Result<void>() : fail(EBADMSG);
}

Result<void> Image::read(ExtentIndex extent, std::span<std::byte> into) const {
  if (!has_data(extent)) {
    std::memset(into.data(), 0, into.size());
    return {};
  }
  const auto next = [&](std::uint64_t at, std::size_t length) -> Result<std::span<const std::byte>> {
    const auto piece = into.subspan(at, length);
    if (auto got = read_whole(fd_.get(), piece, source(extent) + at); !got) {
      return tl::unexpected(got.error());
    }
    return piece;
  };
  return through(extent, kPiece, next, [](std::uint64_t, std::span<const std::byte>) -> Result<void> { return {}; });
}

Result<void> Image::read_through(ExtentIndex extent, std::span<std::byte> scratch, Take take) const {
  const auto next = [&](std::uint64_t at, std::size_t length) -> Result<std::span<const std::byte>> {
    const auto piece = scratch.first(length);
    if (auto got = read_whole(fd_.get(), piece, source(extent) + at); !got) {
      return tl::unexpected(got.error());
    }
    return piece;
  };
  return through(extent, scratch.size(), next, take);
}

Result<void> Image::pass_through(ExtentIndex extent, std::span<const std::byte> bytes, std::size_t piece,
                                 Take take) const {
  const auto next = [&](std::uint64_t at, std::size_t length) -> Result<std::span<const std::byte>> {
    return bytes.subspan(at, length);
  };
  return through(extent, piece, next, take);
}

void Image::expect(ExtentIndex extent) const {
  if (has_data(extent)) {
    (void)sys::call(SYS_fadvise64, fd_.get(), static_cast<long>(source(extent)), static_cast<long>(header_.extent_size),
                    POSIX_FADV_WILLNEED);
  }
}

std::uint64_t Image::target(ExtentIndex extent) const {
  return layout_.slot(current(extent).generation + 1, extent);
}

// How many of them, from the first on, have their entries side by side in one table.
std::size_t Image::run_of(std::span<const Written> written) const {
  std::size_t count = 1;
  while (count < written.size() && written[count].extent.value() == written[count - 1].extent.value() + 1 &&
         current(written[count].extent).generation % 2 == current(written[0].extent).generation % 2) {
    ++count;
  }
  return count;
}

// The entries of what was written, a run at a time; `replaced` is told what each table had there.
Result<void> Image::enter(std::span<const Written> written, std::vector<Entry>& replaced) {
  std::vector<Entry> entries;
  for (std::size_t first = 0; first < written.size(); first += entries.size()) {
    const auto run = written.subspan(first, run_of(written.subspan(first)));
    entries.clear();
    for (const Written& one : run) {
      Entry& entry = entries.emplace_back();
      entry.generation = current(one.extent).generation + 1;
      entry.data_checksum = one.checksum;
      entry.zero = one.zero ? 1 : 0;
      entry.checksum = image::checksum_of(entry, one.extent, header_);
    }
    const std::uint64_t at = layout_.entry(entries.front().generation, run.front().extent);
    std::vector<Entry> before(run.size());
    if (auto got = read_whole(fd_.get(), std::as_writable_bytes(std::span(before)), at); !got) {
      return got;
    }
    replaced.insert(replaced.end(), before.begin(), before.end()); // first: who fails may have written some of them
    if (auto put = write_whole(fd_.get(), std::as_bytes(std::span(entries)), at); !put) {
      return put;
    }
  }
  return {};
}

// A commit failed half way, and may be tried again with other bytes in the same slots: no entry may vouch for them
// then.
void Image::withdraw(std::span<const Written> written, std::span<const Entry> replaced) {
  for (std::size_t at = 0; at < written.size(); ++at) {
    const ExtentIndex extent = written[at].extent;
    const std::uint64_t generation = current(extent).generation + 1;
    doubtful_ =
        !write_whole(fd_.get(), std::as_bytes(replaced.subspan(at, 1)), layout_.entry(generation, extent)) || doubtful_;
  }
  doubtful_ = !make_durable(fd_.get()) || doubtful_;
}

Result<void> Image::commit(std::span<const Written> written) {
  if (access_ != Access::read_write) {
    return fail(EROFS);
  }
  if (doubtful_) {
    return fail(EIO);
  }
  if (auto durable = make_durable(fd_.get()); !durable) {
    return durable;
  }
  std::vector<Entry> replaced;
  auto entered = enter(written, replaced);
  if (entered) {
    entered = make_durable(fd_.get());
  }
  if (!entered) {
    withdraw(written.first(replaced.size()), replaced);
    return entered;
  }
  for (const Written& one : written) {
    Entry& entry = current(one.extent);
    entry.generation += 1;
    entry.data_checksum = one.checksum;
    entry.zero = one.zero ? 1 : 0;
    if (one.zero) {
      free_slot(layout_.slot(0, one.extent), 2); // both
    }
  }
  return {};
}

// Space given back is a kindness: a file system that cannot keeps the bytes.
void Image::free_slot(std::uint64_t offset, std::uint64_t count) const {
  (void)sys::fallocate(fd_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, count * header_.extent_size);
}

void Image::trim() const {
  for (std::uint64_t at = 0; at < layout_.extents(); ++at) {
    free_slot(target(ExtentIndex(at)), 1);
  }
}

std::uint64_t Image::checksum_of(std::span<const std::byte> bytes) {
  return Checksum::of(bytes);
}

bool Image::all_zero(std::span<const std::byte> bytes) {
  // The first word is zero and every byte equals the one before it.
  return bytes.empty() ||
         (bytes[0] == std::byte{0} && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

} // namespace daxemu::backing
