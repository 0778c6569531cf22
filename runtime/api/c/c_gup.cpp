#include <daxemu/gup.h>

#include <cstdlib>

#include <pthread.h>

#include "runtime/api/c/last_error.hpp"
#include "runtime/api/c/pin_ranges.hpp"
#include "runtime/api/mm/remote_mm.hpp"
#include "runtime/api/platform.hpp"

using namespace daxemu;

namespace {

// The kernel's number of the calling thread, asked for once: a forked child's first thread has another.
gup::Caller caller(const void* site) {
  thread_local pid_t process = 0;
  thread_local std::uint32_t tid = 0;
  static const int watching = ::pthread_atfork(nullptr, nullptr, [] { process = 0; });
  if (process == 0 && watching == 0) {
    process = sys::getpid();
    tid = static_cast<std::uint32_t>(sys::gettid());
  }
  static const bool sites = std::getenv("DAXEMU_PIN_SITES") != nullptr;
  return {.tid = tid, .site = sites ? reinterpret_cast<std::uint64_t>(site) : 0};
}

using Call = Result<std::uint64_t> (gup::Gup::*)(gup::AddressSpaceView&, std::uint64_t, std::uint64_t, std::uint32_t,
                                                 mm::PagePtr*, const gup::Caller&);

// One of the calls that fill an array.
struct Family {
  Call call;
  const char* name;
  bool pin;
};
constexpr Family kGet{&gup::Gup::get_user_pages, "get_user_pages", false};
constexpr Family kGetFast{&gup::Gup::get_user_pages_fast, "get_user_pages_fast", false};
constexpr Family kPin{&gup::Gup::pin_user_pages, "pin_user_pages", true};
constexpr Family kPinFast{&gup::Gup::pin_user_pages_fast, "pin_user_pages_fast", true};

// Of the pages just taken from a real device, those that its kernel holds too; the others are given back. Pages, or a
// negative errno.
long consented(api::Platform& platform, const Family& family, daxemu_page** pages, std::uint64_t taken, bool longterm) {
  const auto held = platform.consent().of_pages(platform.mem_map(), pages, taken, longterm);
  const std::uint64_t kept = held.value_or(0);
  if (kept < taken) {
    (void)(family.pin ? platform.gup().unpin_user_pages(pages + kept, taken - kept)
                      : platform.gup().put_pages(pages + kept, taken - kept));
  }
  return held ? static_cast<long>(kept) : api::report(held.error());
}

long take(const Family& family, unsigned long start, unsigned long nr_pages, unsigned int flags, daxemu_page** pages,
          const void* site) {
  return api::guarded([&]() -> long {
    api::Platform* platform = api::current_platform();
    if (platform == nullptr) {
      return api::report({ENODEV, "there is no platform", "make one with daxemu_platform_create()"});
    }
    const auto taken = (platform->gup().*family.call)(platform->mm(), start, nr_pages, flags, pages, caller(site));
    if (!taken) {
      return api::report(taken.error(), family.name);
    }
    return pages == nullptr || !platform->consent().needed()
               ? static_cast<long>(*taken)
               : consented(*platform, family, pages, *taken, (flags & gup::FOLL_LONGTERM) != 0);
  });
}

// The same of another process.
long take_remote(const Family& family, pid_t pid, unsigned long start, unsigned long nr_pages, unsigned int flags,
                 daxemu_page** pages, const void* site) {
  return api::guarded([&]() -> long {
    api::Platform* platform = api::current_platform();
    if (platform == nullptr) {
      return api::report({ENODEV, "there is no platform", "make one with daxemu_platform_create()"});
    }
    auto remote = api::RemoteMm::of(pid, platform->store(), platform->mem_map());
    if (!remote) {
      return api::report(remote.error(), family.name);
    }
    const auto taken = (platform->gup().*family.call)(*remote, start, nr_pages, flags, pages, caller(site));
    if (!taken) {
      return api::report(taken.error(), family.name);
    }
    return pages == nullptr || !platform->consent().needed()
               ? static_cast<long>(*taken)
               : consented(*platform, family, pages, *taken, (flags & gup::FOLL_LONGTERM) != 0);
  });
}

// The fast calls count in int, as the kernel's.
int take_fast(const Family& family, unsigned long start, int nr_pages, unsigned int flags, daxemu_page** pages,
              const void* site) {
  return nr_pages <= 0
             ? 0
             : static_cast<int>(take(family, start, static_cast<unsigned long>(nr_pages), flags, pages, site));
}

template <class Release>
void release(Release how) {
  if (api::Platform* platform = api::current_platform(); platform != nullptr && !how(platform->gup())) {
    platform->count_bad_release();
  }
}

} // namespace

long api::pin_ranges(unsigned long start, unsigned long nr_pages, unsigned int flags, std::span<gup::PageRange> ranges,
                     const void* site) {
  return guarded([&]() -> long {
    Platform* platform = current_platform();
    if (platform == nullptr) {
      return report({ENODEV, "there is no platform", "make one with daxemu_platform_create()"});
    }
    const auto pinned = platform->gup().pin_user_folios(platform->mm(), start, nr_pages, flags, ranges, caller(site));
    if (!pinned) {
      return report(pinned.error(), "pin_user_folios");
    }
    for (const gup::PageRange& range : ranges.first(platform->consent().needed() ? pinned->nr_ranges : 0)) {
      const auto held = platform->consent().of_range(platform->mem_map(), range, (flags & gup::FOLL_LONGTERM) != 0);
      if (!held || *held < range.nr_pages) { // all or nothing: runs cannot be told apart from partial ones
        (void)platform->gup().unpin_user_folios(ranges.first(pinned->nr_ranges), false);
        return held ? report(Errno{EFAULT}, "pin_user_folios") : report(held.error());
      }
    }
    return static_cast<long>(pinned->nr_ranges);
  });
}

extern "C" {

long daxemu_get_user_pages(unsigned long start, unsigned long nr_pages, unsigned int gup_flags, daxemu_page** pages) {
  return take(kGet, start, nr_pages, gup_flags, pages, __builtin_return_address(0));
}
int daxemu_get_user_pages_fast(unsigned long start, int nr_pages, unsigned int gup_flags, daxemu_page** pages) {
  return take_fast(kGetFast, start, nr_pages, gup_flags, pages, __builtin_return_address(0));
}
long daxemu_pin_user_pages(unsigned long start, unsigned long nr_pages, unsigned int gup_flags, daxemu_page** pages) {
  return take(kPin, start, nr_pages, gup_flags, pages, __builtin_return_address(0));
}
int daxemu_pin_user_pages_fast(unsigned long start, int nr_pages, unsigned int gup_flags, daxemu_page** pages) {
  return take_fast(kPinFast, start, nr_pages, gup_flags, pages, __builtin_return_address(0));
}

long daxemu_get_user_pages_remote(pid_t pid, unsigned long start, unsigned long nr_pages, unsigned int gup_flags,
                                  daxemu_page** pages) {
  return take_remote(kGet, pid, start, nr_pages, gup_flags, pages, __builtin_return_address(0));
}
long daxemu_pin_user_pages_remote(pid_t pid, unsigned long start, unsigned long nr_pages, unsigned int gup_flags,
                                  daxemu_page** pages) {
  return take_remote(kPin, pid, start, nr_pages, gup_flags, pages, __builtin_return_address(0));
}

void daxemu_put_page(daxemu_page* page) {
  release([&](gup::Gup& gup) { return gup.put_pages(&page, 1).has_value(); });
}
void daxemu_unpin_user_page(daxemu_page* page) {
  release([&](gup::Gup& gup) { return gup.unpin_user_pages(&page, 1).has_value(); });
}
void daxemu_unpin_user_pages(daxemu_page** pages, unsigned long npages) {
  release([&](gup::Gup& gup) { return gup.unpin_user_pages(pages, npages).has_value(); });
}
void daxemu_unpin_user_pages_dirty_lock(daxemu_page** pages, unsigned long npages, bool make_dirty) {
  release([&](gup::Gup& gup) { return gup.unpin_user_pages_dirty_lock(pages, npages, make_dirty).has_value(); });
}
void daxemu_unpin_user_page_range_dirty_lock(daxemu_page* page, unsigned long npages, bool make_dirty) {
  release([&](gup::Gup& gup) { return gup.unpin_user_page_range_dirty_lock(page, npages, make_dirty).has_value(); });
}
void daxemu_unpin_folios(daxemu_folio** folios, unsigned long nfolios) {
  release([&](gup::Gup& gup) {
    bool fine = true;
    for (unsigned long at = 0; at < nfolios; ++at) {
      const mm::PagePtr head = reinterpret_cast<daxemu_page*>(folios[at]);
      fine = gup.unpin_folios(&head, 1).has_value() && fine;
    }
    return fine;
  });
}

static_assert(sizeof(daxemu_page_range) == sizeof(gup::PageRange));

long daxemu_pin_user_folios(unsigned long start, unsigned long nr_pages, unsigned int gup_flags,
                            daxemu_page_range* ranges, size_t nr_ranges) {
  return api::pin_ranges(start, nr_pages, gup_flags, {reinterpret_cast<gup::PageRange*>(ranges), nr_ranges},
                         __builtin_return_address(0));
}
void daxemu_unpin_user_folios(const daxemu_page_range* ranges, size_t nr_ranges, bool make_dirty) {
  release([&](gup::Gup& gup) {
    return gup.unpin_user_folios({reinterpret_cast<const gup::PageRange*>(ranges), nr_ranges}, make_dirty).has_value();
  });
}

unsigned long daxemu_bad_releases(void) {
  const api::Platform* platform = api::current_platform();
  return platform == nullptr ? 0 : platform->bad_releases();
}

} // extern "C"
