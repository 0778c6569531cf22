#include "emu/pgmap/dax_holder.hpp"

#include <algorithm>
#include <limits>
#include <mutex>

namespace daxemu::pgmap {

Result<void> DaxHolder::get(void* who, HolderOps ops) {
  const std::unique_lock lock(lock_);
  if (who == nullptr || who_ != nullptr) {
    return fail(who == nullptr ? EINVAL : EBUSY);
  }
  who_ = who;
  ops_ = std::move(ops);
  return {};
}

void DaxHolder::put(const void* who) {
  const std::unique_lock lock(lock_);
  if (who != nullptr && who_ == who) {
    who_ = nullptr;
    ops_ = {};
  }
}

void* DaxHolder::who() const {
  const std::shared_lock lock(lock_);
  return who_;
}

Result<void> DaxHolder::notify_failure(std::uint64_t offset, std::uint64_t length, int mf_flags) const {
  const std::shared_lock lock(lock_);
  return ops_.notify_failure ? ops_.notify_failure(offset, length, mf_flags) : Result<void>(fail(EOPNOTSUPP));
}

void DaxHolder::kill(int mf_flags) {
  (void)notify_failure(0, std::numeric_limits<std::uint64_t>::max(), mf_flags);
  const std::unique_lock lock(lock_);
  who_ = nullptr;
  ops_ = {};
}

DaxHolder::Allowed DaxHolder::ask_longterm(mm::DevicePages& pages, std::uint64_t first, std::uint64_t nr_pages) const {
  const std::shared_lock lock(lock_);
  Allowed allowed;
  if (!ops_.longterm_pin) {
    allowed.error = EOPNOTSUPP; // as dax_holder_notify_failure() says without a holder
  }
  const std::uint64_t each = pages.pages_per_folio();
  while (allowed.error == 0 && allowed.nr_pages < nr_pages) {
    const std::uint64_t page = first + allowed.nr_pages;
    const std::uint64_t in_folio = page % each;
    const std::uint64_t together = std::min(each - in_folio, nr_pages - allowed.nr_pages);
    const auto folio = mm::folio_of(pages, pages.folio_at(page));
    const auto said = folio ? ops_.longterm_pin(*folio, in_folio, together) : Result<void>(fail(EFAULT));
    if (said) {
      allowed.nr_pages += together;
    } else {
      allowed.error = said.error().value;
    }
  }
  return allowed;
}

} // namespace daxemu::pgmap
