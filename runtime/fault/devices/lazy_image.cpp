#include "runtime/fault/devices/lazy_image.hpp"

#include <algorithm>
#include <atomic>
#include <climits>
#include <cstring>
#include <ctime>

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "emu/base/kernel/mapping.hpp"
#include "emu/base/kernel/whole_io.hpp"
#include "emu/base/program/aside.hpp"
#include "emu/store/processes/process_identity.hpp"
#include "runtime/fault/devices/huge_page.hpp"
#include "runtime/fault/devices/huge_page_trials.hpp"
#include "runtime/fault/process/private_fds.hpp"
#include "runtime/fault/process/signals_blocked.hpp"

namespace daxemu::fault {
namespace {

constexpr long kLookAgainNs = 20'000'000; // how often a waiter checks that the loader still lives

constexpr std::uint64_t kPiece = 128ULL << 10; // bytes: what stays in the processor's cache between two passes

// Until the loader has changed, or for a while.
void wait_for_change(std::atomic<std::uint64_t>& loader, std::uint64_t seen) {
  const timespec patience = {0, kLookAgainNs};
  (void)sys::call(SYS_futex, reinterpret_cast<long>(&loader), FUTEX_WAIT, static_cast<std::uint32_t>(seen),
                  reinterpret_cast<long>(&patience)); // the low half, which comes first in memory
}

// Does write(2) there do no harm? hugetlbfs has none (EINVAL); beyond a limit on the size of files it is a signal for
// the program (generic_write_check_limits in fs/read_write.c), whose memory this is.
bool takes_write() {
  rlimit limit{};
  return sys::call(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, reinterpret_cast<long>(&limit)) &&
         limit.rlim_cur == RLIM_INFINITY;
}

// In pieces as large as the disk likes, not as read-ahead guesses. What is cached is looked up page by page there, too.
void tell_disk(const backing::Image& image, ExtentIndex extent) {
  if (!ImageAhead::is_cached(image, extent)) {
    image.expect(extent);
  }
}

void make_meanwhile(const PageMaker::Page* next) {
  if (next != nullptr) {
    (void)PageMaker::of_process().ask(*next);
  }
}

Result<void> load_into(std::span<std::byte> window, const backing::Image& image, ExtentIndex extent) {
  const auto put = [&](std::uint64_t at, std::span<const std::byte> piece) -> Result<void> {
    std::memcpy(window.data() + at, piece.data(), piece.size());
    return {};
  };
  const auto arrived = ImageAhead::of_process().take(
      image, extent, [&](std::span<const std::byte> read) { return image.pass_through(extent, read, kPiece, put); });
  if (arrived) {
    return arrived;
  }
  tell_disk(image, extent);
  return image.read(extent, window);
}

Result<void> load_by_mapping(const backing::Image& image, ExtentIndex extent, int bytes, const PageMaker::Page* next) {
  const auto window =
      Mapping::of(bytes, image.extent_size(), PROT_READ | PROT_WRITE, MAP_SHARED, extent.value() * image.extent_size());
  if (!window) {
    return tl::unexpected(window.error());
  }
  make_meanwhile(next);
  return load_into(window->bytes(), image, extent);
}

} // namespace

Result<void> load_extent(const backing::Image& image, ExtentIndex extent, int bytes, std::span<std::byte> scratch,
                         const PageMaker::Page* next) {
  if (scratch.empty() || !takes_write()) {
    return load_by_mapping(image, extent, bytes, next);
  }
  make_meanwhile(next);
  // By writing: a whole page that is written is not zeroed before, and nobody faults.
  const std::uint64_t base = extent.value() * image.extent_size();
  const auto put = [&](std::uint64_t at, std::span<const std::byte> piece) {
    return write_whole(bytes, piece, base + at);
  };
  auto done = ImageAhead::of_process().take(
      image, extent, [&](std::span<const std::byte> read) { return image.pass_through(extent, read, kPiece, put); });
  if (!done) { // not expected, or it went wrong on that way
    tell_disk(image, extent);
    done = image.read_through(extent, scratch, put);
  }
  return !done && done.error() == Errno{EINVAL} ? load_by_mapping(image, extent, bytes, nullptr) : done;
}

Result<void> load_as_huge_page(const backing::Image& image, ExtentIndex extent, int bytes, std::span<std::byte> place,
                               bool& was_slow, const PageMaker::Page* next) {
  if (image.extent_size() != kPmdSize || place.size() < kPmdSize) {
    return fail(ENOTSUP);
  }
  const auto page = HugePage::make(place, bytes, extent.value() * kPmdSize);
  if (!page) {
    return fail(ENOTSUP);
  }
  was_slow = page->was_slow();
  make_meanwhile(next);
  return load_into(page->bytes(), image, extent);
}

// Lent to one thread at a time, of one process: what a child inherits as lent, nobody gives back there.
class LazyImage::Scratch {
public:
  // `room`: address space for a huge page, if it is there.
  Scratch(Mapping mine, Mapping room) : mine_(std::move(mine)), room_(std::move(room)) {
    const auto start = reinterpret_cast<std::uintptr_t>(room_.data());
    place_ = room_ ? room_.bytes().subspan(align_up(start, kPmdSize) - start, kPmdSize) : place_;
  }
  class Lent {
  public:
    explicit Lent(Scratch& lender) : lender_(lender) {
      const pid_t me = sys::getpid();
      pid_t holder = lender.holder_.load(std::memory_order_relaxed);
      mine_ = holder != me && lender.holder_.compare_exchange_strong(holder, me, std::memory_order_acquire);
      if (!mine_) {
        own_ = Mapping::of(-1, kPiece, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE)
                   .value_or(Mapping());
      }
    }
    Lent(const Lent&) = delete;
    Lent& operator=(const Lent&) = delete;
    ~Lent() {
      if (mine_) {
        lender_.holder_.store(0, std::memory_order_release);
      }
    }
    [[nodiscard]] std::span<std::byte> bytes() const { return mine_ ? lender_.mine_.bytes() : own_.bytes(); }
    // Where a huge page may be made; empty: not now, or never.
    [[nodiscard]] std::span<std::byte> place() const {
      return mine_ && lender_.trials_.is_due() ? lender_.place_ : std::span<std::byte>();
    }
    void note(bool made, bool slow) { lender_.trials_.note(made, slow); }

  private:
    Scratch& lender_;
    bool mine_ = false;
    Mapping own_; // empty if there is no memory for it
  };

private:
  Mapping mine_;
  Mapping room_;
  std::span<std::byte> place_; // in it
  HugePageTrials trials_;      // its holder's
  std::atomic<pid_t> holder_{0};
};

LazyImage::LazyImage() = default;
LazyImage::LazyImage(backing::Image image, std::unique_ptr<Scratch> scratch, bool hugetlb)
    : image_(std::move(image)), scratch_(std::move(scratch)), hugetlb_(hugetlb) {}
LazyImage::LazyImage(LazyImage&&) noexcept = default;
LazyImage& LazyImage::operator=(LazyImage&&) noexcept = default;
LazyImage::~LazyImage() {
  if (image_) {
    PrivateFds::forget(image_->fd()); // of one that was moved from there is none
  }
}

Result<LazyImage> LazyImage::of(const store::DeviceRecord& device) {
  if (device.image.empty()) {
    return LazyImage();
  }
  auto image = backing::Image::open(std::string(device.image.view()), backing::Image::Access::beside);
  if (!image || image->extent_size() != device.align || image->size() < device.size.load()) {
    return fail(EIO);
  }
  // Whole extents are read, and which will be next is our business: the kernel's guesses would fill the page cache.
  (void)sys::call(SYS_fadvise64, image->fd(), 0, 0, POSIX_FADV_RANDOM);
  auto scratch = sys::map_aside(-1, kPiece, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);
  if (!scratch) {
    return tl::unexpected(scratch.error());
  }
  Mapping room; // without it, small pages. Whether the kernel makes large ones there is known when it has been asked to
  if (device.backing.kind != store::BackingKind::hugetlb && device.align == kPmdSize) {
    room = sys::map_aside(-1, 2 * kPmdSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE).value_or(Mapping());
  }
  // Programs close what they have not opened (closefrom(3)), and open other files by the same number. Where there is no
  // other number for it, it keeps the one it has. After all that can fail: the destructor forgets it.
  if (auto kept = PrivateFds::copy(image->fd()); kept) {
    image->use(std::move(*kept));
  }
  return LazyImage(std::move(*image), std::make_unique<Scratch>(std::move(*scratch), std::move(room)),
                   device.backing.kind == store::BackingKind::hugetlb);
}

Result<void> bring_once(mm::FolioRecord& folio, FunctionRef<Result<void>()> load) {
  if ((folio.flags.load(std::memory_order_acquire) & mm::kFolioLoaded) != 0) {
    return {};
  }
  const SignalsBlocked quiet; // a handler that jumps out of here would leave a loader that lives and never ends
  // This thread, not this process: exec(2) ends the one that serves touches in the middle, and the process lives on.
  const std::uint64_t me = store::identity_of(sys::gettid());
  while ((folio.flags.load(std::memory_order_acquire) & mm::kFolioLoaded) == 0) {
    std::uint64_t loader = 0;
    if (!folio.loader.compare_exchange_strong(loader, me)) {
      // What a dead loader left is half of it: who takes over writes it again.
      if (store::is_alive(loader) || !folio.loader.compare_exchange_strong(loader, me)) {
        wait_for_change(folio.loader, loader);
        continue;
      }
    }
    Result<void> done;
    if ((folio.flags.load(std::memory_order_acquire) & mm::kFolioLoaded) == 0) { // nobody was between look and claim
      done = load();
      if (done) {
        folio.flags.fetch_or(mm::kFolioLoaded, std::memory_order_release);
      }
    }
    folio.loader.store(0);
    (void)sys::call(SYS_futex, reinterpret_cast<long>(&folio.loader), FUTEX_WAKE, INT_MAX);
    if (!done) {
      return done;
    }
  }
  return {};
}

Result<void> LazyImage::bring(ExtentIndex extent, mm::FolioRecord& folio, int bytes,
                              const PageMaker::Page* next) const {
  if (!image_) {
    return {};
  }
  return bring_once(folio,
                    [&] { return image_->has_data(extent) ? load(extent, folio, bytes, next) : Result<void>(); });
}

Result<void> LazyImage::load(ExtentIndex extent, mm::FolioRecord& folio, int bytes, const PageMaker::Page* next) const {
  PageMaker::of_process().settle(folio);
  if (!hugetlb_) {
    Scratch::Lent scratch(*scratch_);
    if (const auto place = scratch.place(); !place.empty()) {
      bool slow = false;
      const auto done = load_as_huge_page(*image_, extent, bytes, place, slow, next);
      scratch.note(done || done.error() != Errno{ENOTSUP}, slow);
      if (done || done.error() == Errno{EBADMSG}) {
        return done;
      }
    }
    return load_extent(*image_, extent, bytes, scratch.bytes(), next);
  }
  const auto done = load_extent(*image_, extent, bytes, {}, next); // which knows no write(2)
  if (done) {
    folio.flags.fetch_or(mm::kFolioZeroed);
  }
  return done;
}

bool LazyImage::expect(ExtentIndex extent, ImageAhead::IsBrought is_brought) const {
  if (!image_ || !image_->has_data(extent)) {
    return true;
  }
  const ImageAhead::Told told = ImageAhead::of_process().expect(*image_, extent, is_brought);
  if (told == ImageAhead::Told::never) {
    image_->expect(extent);
  }
  return told != ImageAhead::Told::later;
}

ImageAhead::Near LazyImage::near(ExtentIndex extent) const {
  if (!image_) {
    return ImageAhead::Near::no;
  }
  return image_->has_data(extent) ? ImageAhead::of_process().near(*image_, extent) : ImageAhead::Near::here;
}

void LazyImage::read_ahead() const {
  if (image_) {
    ImageAhead::of_process().prepare(*image_);
  }
}

} // namespace daxemu::fault
