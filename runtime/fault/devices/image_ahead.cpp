#include "runtime/fault/devices/image_ahead.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "emu/base/program/aside.hpp"
#include "runtime/fault/process/private_fds.hpp"

// Of our own copy of the library: the names themselves are interposed for programs.
extern "C" void daxemu_own_queue_exit(io_uring* ring);
extern "C" int daxemu_own_submit(io_uring* ring);

namespace daxemu::fault {
namespace {

constexpr long kCachestat = 451; // Linux 6.5, newer than the C library's headers

// How much of it the page cache has, in bytes. Errors: ENOSYS (an older kernel).
Result<std::uint64_t> cached_bytes(int fd, std::uint64_t offset, std::uint64_t length) {
  const std::array<std::uint64_t, 2> range = {offset, length}; // struct cachestat_range
  std::array<std::uint64_t, 5> found{};                        // struct cachestat, nr_cache first
  const auto asked =
      sys::call(kCachestat, fd, reinterpret_cast<long>(range.data()), reinterpret_cast<long>(found.data()), 0);
  return asked ? Result<std::uint64_t>(found[0] * kPageSize) : tl::unexpected(asked.error());
}

// The same file, whatever has become of its name.
Result<int> open_direct(int fd) {
  std::array<char, 32> path{"/proc/self/fd/"};
  std::to_chars(path.data() + std::strlen(path.data()), path.data() + path.size() - 1, fd);
  auto raw = sys::open(path.data(), O_RDONLY | O_DIRECT | O_CLOEXEC);
  if (!raw) {
    return raw;
  }
  auto kept = PrivateFds::adopt(UniqueFd(*raw));
  return kept ? Result<int>(kept->release()) : tl::unexpected(kept.error());
}

void close_private(int fd) {
  if (fd >= 0) {
    PrivateFds::forget(fd);
    (void)sys::close(fd);
  }
}

} // namespace

constinit ImageAhead ImageAhead::one_;

class ImageAhead::Hold {
public:
  explicit Hold(ImageAhead& ahead) : ahead_(ahead), has_(!ahead.busy_.exchange(true, std::memory_order_acquire)) {}
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;
  ~Hold() {
    if (has_) {
      ahead_.busy_.store(false, std::memory_order_release);
    }
  }
  [[nodiscard]] explicit operator bool() const { return has_; }

private:
  ImageAhead& ahead_;
  bool has_;
};

bool ImageAhead::is_mine() const {
  return owner_.load(std::memory_order_acquire) == sys::getpid();
}

void ImageAhead::prepare(const backing::Image& image) {
  if (image.extent_size() != kExtent || is_mine()) {
    return;
  }
  abandon(); // our parent's, if it forked by a call that we do not see
  auto memory = sys::mmap_aside(kSlots * kExtent, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);
  if (!memory) {
    return;
  }
  ring_ = {};
  bool ready = io_uring_queue_init(kSlots * kPieces, &ring_, 0) == 0;
  if (ready) {
    auto kept = PrivateFds::adopt(UniqueFd(ring_.ring_fd));
    ready = kept.has_value();
    ring_.ring_fd = ring_.enter_ring_fd = ready ? kept->release() : -1;
    if (!ready) { // the descriptor is closed; the ring's memory goes with the queue's exit
      daxemu_own_queue_exit(&ring_);
    }
  }
  if (!ready) {
    (void)sys::munmap(*memory, kSlots * kExtent);
    return;
  }
  (void)sys::madvise(*memory, kSlots * kExtent, MADV_HUGEPAGE); // fewer pages to be held for each request
  (void)sys::madvise(*memory, kSlots * kExtent, MADV_DONTFORK); // a child has no ring
  (void)io_uring_ring_dontfork(&ring_); // nor its memory, of which abandon() lets go without a word
  buffers_ = static_cast<std::byte*>(*memory);
  owner_.store(sys::getpid(), std::memory_order_release);
}

void ImageAhead::abandon() {
  if (owner_.load() > 0) { // a child has the descriptors of its parent, and none of the memory
    close_private(ring_.ring_fd);
    close_private(file_);
  }
  owner_.store(0);
  busy_.store(false); // whatever it was there: under the lock of the table, nobody of this process is here yet
  slots_ = {};
  image_ = file_ = -1;
}

void ImageAhead::give_up() {
  const bool quiet = std::ranges::all_of(slots_, [](const Slot& slot) { return slot.pending == 0; });
  PrivateFds::forget(ring_.ring_fd);
  daxemu_own_queue_exit(&ring_);
  close_private(file_);
  file_ = -1;
  image_ = -1;
  slots_ = {};
  if (quiet) { // else the disk may write there still
    (void)sys::munmap(buffers_, kSlots * kExtent);
  }
  owner_.store(-1, std::memory_order_release);
}

// The buffers are for the extents of `image` from now on, unless those of another are in them and it is too early.
bool ImageAhead::turn_to(const backing::Image& image) {
  if (image_ == image.fd()) {
    return file_ >= 0;
  }
  gather();
  const bool idle = std::ranges::none_of(slots_, [](const Slot& slot) { return slot.used; });
  const bool quiet = std::ranges::all_of(slots_, [](const Slot& slot) { return slot.pending == 0; });
  if (!quiet || (!idle && ++refused_ < kPatience)) {
    return false;
  }
  slots_ = {};
  refused_ = 0;
  close_private(file_);
  file_ = open_direct(image.fd()).value_or(-1);
  image_ = image.fd();
  return file_ >= 0;
}

ImageAhead::Slot* ImageAhead::slot_of(const backing::Image& image, ExtentIndex extent) {
  const auto found =
      std::ranges::find_if(slots_, [&](const Slot& slot) { return slot.used && slot.extent == extent.value(); });
  return image_ == image.fd() && found != slots_.end() ? &*found : nullptr;
}

// One that nobody uses, or will: somebody else has brought its extent, or the program has turned elsewhere.
ImageAhead::Slot* ImageAhead::free_slot(ExtentIndex extent, IsBrought is_brought) {
  const auto is_free = [&](const Slot& slot) {
    const std::uint64_t apart = std::max(slot.extent, extent.value()) - std::min(slot.extent, extent.value());
    return !slot.used || (slot.pending == 0 && (apart > kFar || is_brought(ExtentIndex(slot.extent))));
  };
  const auto found = std::ranges::find_if(slots_, is_free);
  return found == slots_.end() ? nullptr : &*found;
}

bool ImageAhead::send(Slot& slot, std::uint64_t from) {
  for (unsigned piece = 0; piece < kPieces; ++piece) {
    io_uring_sqe* entry = io_uring_get_sqe(&ring_); // there is one for each piece of each slot
    if (entry == nullptr) {
      break;
    }
    io_uring_prep_read(entry, file_, buffer(slot) + piece * kPiece, kPiece, from + piece * kPiece);
    entry->user_data = static_cast<std::uint64_t>(&slot - slots_.data());
    ++slot.pending;
  }
  if (daxemu_own_submit(&ring_) != static_cast<int>(kPieces)) {
    give_up(); // somebody has closed it, or a filter of the program forbids it
    return false;
  }
  return true;
}

void ImageAhead::gather() {
  io_uring_cqe* done = nullptr;
  while (io_uring_peek_cqe(&ring_, &done) == 0) {
    Slot& slot = slots_[done->user_data];
    --slot.pending;
    if (done->res != static_cast<int>(kPiece)) {
      slot.error = done->res < 0 ? -done->res : EIO;
    }
    io_uring_cqe_seen(&ring_, done);
  }
}

bool ImageAhead::wait_for(const Slot& slot) {
  for (gather(); slot.pending > 0; gather()) {
    io_uring_cqe* done = nullptr;
    if (const int got = io_uring_wait_cqe(&ring_, &done); got < 0 && got != -EINTR) {
      give_up();
      return false;
    }
  }
  return true;
}

ImageAhead::Told ImageAhead::expect(const backing::Image& image, ExtentIndex extent, IsBrought is_brought) {
  const Hold hold(*this);
  if (!hold || !is_mine() || image.extent_size() != kExtent) {
    return Told::never;
  }
  const std::uint64_t from = image.source(extent);
  const auto cached = cached_bytes(image.fd(), from, kExtent);
  if (cached == kExtent) {
    return Told::cached;
  }
  if (cached.value_or(kExtent) > kExtent / 2 || !turn_to(image)) {
    return Told::never;
  }
  gather();
  if (slot_of(image, extent) != nullptr) {
    return Told::yes;
  }
  Slot* slot = free_slot(extent, is_brought);
  if (slot == nullptr) {
    return Told::later;
  }
  *slot = {.extent = extent.value(), .used = true};
  return send(*slot, from) ? Told::yes : Told::never;
}

bool ImageAhead::is_cached(const backing::Image& image, ExtentIndex extent) {
  return cached_bytes(image.fd(), image.source(extent), image.extent_size()) == image.extent_size();
}

ImageAhead::Near ImageAhead::near(const backing::Image& image, ExtentIndex extent) {
  const Hold hold(*this);
  if (!hold || !is_mine()) {
    return Near::no;
  }
  gather();
  if (const Slot* slot = slot_of(image, extent); slot != nullptr) {
    return slot->pending == 0 ? Near::here : Near::coming;
  }
  const std::uint64_t cached = cached_bytes(image.fd(), image.source(extent), kExtent).value_or(0);
  return cached == kExtent ? Near::here : cached > 0 ? Near::coming : Near::no;
}

Result<void> ImageAhead::take(const backing::Image& image, ExtentIndex extent, Use use) {
  const Hold hold(*this);
  Slot* slot = hold && is_mine() ? slot_of(image, extent) : nullptr;
  if (slot == nullptr || !wait_for(*slot)) {
    return fail(ENOENT);
  }
  const Result<void> done =
      slot->error != 0 ? Result<void>(fail(slot->error)) : use({buffer(*slot), std::size_t{kExtent}});
  slot->used = false;
  refused_ = 0;
  return done;
}

} // namespace daxemu::fault
