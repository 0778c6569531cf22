#include "emu/store/processes/unserved_log.hpp"

namespace daxemu::store {
namespace {

enum State : std::uint32_t { kFree = 0, kWriting = 1, kThere = 2 };

} // namespace

void note_unserved(const Store& store, std::string_view path, Unserved why) noexcept {
  constexpr std::size_t kMost = decltype(UnservedRecord::path)::kCapacity - 1;
  if (path.size() > kMost) {
    path.remove_prefix(path.size() - kMost);
  }
  Platform& platform = store.platform();
  for (UnservedRecord& record : platform.unserved) {
    std::uint32_t state = kFree;
    if (record.state.compare_exchange_strong(state, kWriting, std::memory_order_acq_rel)) {
      record.why = why;
      record.path.assign(path);
      record.starts.store(1, std::memory_order_relaxed);
      record.state.store(kThere, std::memory_order_release);
      return;
    }
    if (state == kThere && record.path.view() == path && record.why == why) {
      record.starts.fetch_add(1, std::memory_order_relaxed);
      return;
    }
  }
  platform.unserved_more.fetch_add(1, std::memory_order_relaxed);
}

std::uint64_t unserved_starts(const Store& store) noexcept {
  std::uint64_t starts = store.platform().unserved_more.load(std::memory_order_relaxed);
  each_unserved(store,
                [&starts](const UnservedRecord& record) { starts += record.starts.load(std::memory_order_relaxed); });
  return starts;
}

void each_unserved(const Store& store, FunctionRef<void(const UnservedRecord&)> each) {
  for (const UnservedRecord& record : store.platform().unserved) {
    if (record.state.load(std::memory_order_acquire) == kThere) {
      each(record);
    }
  }
}

} // namespace daxemu::store
