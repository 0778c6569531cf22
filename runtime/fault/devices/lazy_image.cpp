#include "runtime/fault/devices/lazy_image.hpp"

#include <algorithm>
#include <climits>
#include <ctime>

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "emu/base/mapping.hpp"
#include "emu/base/whole_io.hpp"
#include "emu/store/processes/process_identity.hpp"
#include "runtime/fault/process/signals_blocked.hpp"

namespace daxemu::fault {
namespace {

constexpr long kLookAgainNs = 20'000'000; // how often a waiter checks that the loader still lives

constexpr std::uint64_t kBuffer = 256ULL << 10; // bytes

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

Result<void> load_by_mapping(const backing::Image& image, ExtentIndex extent, int bytes) {
  auto window =
      Mapping::of(bytes, image.extent_size(), PROT_READ | PROT_WRITE, MAP_SHARED, extent.value() * image.extent_size());
  if (!window) {
    return tl::unexpected(window.error());
  }
  return image.read(extent, window->bytes());
}

} // namespace

Result<void> load_extent(const backing::Image& image, ExtentIndex extent, int bytes) {
  image.expect(extent); // in pieces as large as the disk likes, not as read-ahead guesses
  const std::uint64_t base = extent.value() * image.extent_size();
  if (!takes_write()) {
    return load_by_mapping(image, extent, bytes);
  }
  // Through a buffer that stays in the processor's cache, for a whole page that is written is not zeroed before, and
  // nobody faults.
  const std::uint64_t length = std::min(image.extent_size(), kBuffer);
  auto buffer = Mapping::of(-1, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE);
  if (!buffer) {
    return tl::unexpected(buffer.error());
  }
  const auto put = [&](std::uint64_t at, std::span<const std::byte> piece) {
    return write_whole(bytes, piece, base + at);
  };
  const auto done = image.read_through(extent, buffer->bytes(), put);
  return !done && done.error() == Errno{EINVAL} ? load_by_mapping(image, extent, bytes) : done;
}

Result<LazyImage> LazyImage::of(const store::DeviceRecord& device) {
  LazyImage lazy;
  if (!device.image.empty()) {
    auto image = backing::Image::open(std::string(device.image.view()), backing::Image::Access::beside);
    if (!image || image->extent_size() != device.align || image->size() < device.size.load()) {
      return fail(EIO);
    }
    lazy.image_ = std::move(*image);
  }
  return lazy;
}

Result<void> bring_once(mm::FolioRecord& folio, FunctionRef<Result<void>()> load) {
  if ((folio.flags.load(std::memory_order_acquire) & mm::kFolioLoaded) != 0) {
    return {};
  }
  const SignalsBlocked quiet; // a handler that jumps out of here would leave a loader that lives and never ends
  const std::uint64_t me = store::identity_of(sys::getpid());
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

Result<void> LazyImage::bring(ExtentIndex extent, mm::FolioRecord& folio, int bytes) const {
  if (!image_) {
    return {};
  }
  return bring_once(folio,
                    [&] { return image_->has_data(extent) ? load_extent(*image_, extent, bytes) : Result<void>(); });
}

} // namespace daxemu::fault
