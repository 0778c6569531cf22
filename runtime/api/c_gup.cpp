#include <daxemu/gup.h>

#include <pthread.h>

#include "runtime/api/last_error.hpp"
#include "runtime/api/platform.hpp"

using namespace daxemu;

namespace {

// The kernel's number of the calling thread, asked for once: a forked child's first thread has another.
gup::Caller caller() {
  thread_local pid_t process = 0;
  thread_local std::uint32_t tid = 0;
  static const int watching = ::pthread_atfork(nullptr, nullptr, [] { process = 0; });
  if (process == 0 && watching == 0) {
    process = sys::getpid();
    tid = static_cast<std::uint32_t>(sys::gettid());
  }
  return {.tid = tid, .site = 0};
}

using Call = Result<std::uint64_t> (gup::Gup::*)(gup::AddressSpaceView&, std::uint64_t, std::uint64_t, std::uint32_t,
                                                 mm::PagePtr*, const gup::Caller&);

long take(Call call, unsigned long start, unsigned long nr_pages, unsigned int flags, daxemu_page** pages,
          const char* name) {
  return api::guarded([&]() -> long {
    api::Platform* platform = api::current_platform();
    if (platform == nullptr) {
      return api::report({ENODEV, "there is no platform", "make one with daxemu_platform_create()"});
    }
    const auto taken = (platform->gup().*call)(platform->mm(), start, nr_pages, flags, pages, caller());
    return taken ? static_cast<long>(*taken) : api::report(taken.error(), name);
  });
}

// The fast calls count in int, as the kernel's.
int take_fast(Call call, unsigned long start, int nr_pages, unsigned int flags, daxemu_page** pages, const char* name) {
  return nr_pages <= 0 ? 0
                       : static_cast<int>(take(call, start, static_cast<unsigned long>(nr_pages), flags, pages, name));
}

template <class Release>
void release(Release how) {
  if (api::Platform* platform = api::current_platform(); platform != nullptr && !how(platform->gup())) {
    platform->count_bad_release();
  }
}

} // namespace

extern "C" {

long daxemu_get_user_pages(unsigned long start, unsigned long nr_pages, unsigned int gup_flags, daxemu_page** pages) {
  return take(&gup::Gup::get_user_pages, start, nr_pages, gup_flags, pages, "get_user_pages");
}
int daxemu_get_user_pages_fast(unsigned long start, int nr_pages, unsigned int gup_flags, daxemu_page** pages) {
  return take_fast(&gup::Gup::get_user_pages_fast, start, nr_pages, gup_flags, pages, "get_user_pages_fast");
}
long daxemu_pin_user_pages(unsigned long start, unsigned long nr_pages, unsigned int gup_flags, daxemu_page** pages) {
  return take(&gup::Gup::pin_user_pages, start, nr_pages, gup_flags, pages, "pin_user_pages");
}
int daxemu_pin_user_pages_fast(unsigned long start, int nr_pages, unsigned int gup_flags, daxemu_page** pages) {
  return take_fast(&gup::Gup::pin_user_pages_fast, start, nr_pages, gup_flags, pages, "pin_user_pages_fast");
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
  return api::guarded([&]() -> long {
    api::Platform* platform = api::current_platform();
    if (platform == nullptr) {
      return api::report({ENODEV, "there is no platform", "make one with daxemu_platform_create()"});
    }
    const auto pinned = platform->gup().pin_user_folios(
        platform->mm(), start, nr_pages, gup_flags, {reinterpret_cast<gup::PageRange*>(ranges), nr_ranges}, caller());
    return pinned ? static_cast<long>(pinned->nr_ranges) : api::report(pinned.error(), "pin_user_folios");
  });
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
