#include "runtime/api/mm/vma_list.hpp"

#include <algorithm>

#include "runtime/api/mm/mmap_lock.hpp"

namespace daxemu::api {

VmaList::Reading::Reading(const VmaList& list) : readers_(&list.readers_[reader_number() % kStripes].count) {
  readers_->fetch_add(1, std::memory_order_seq_cst); // before the list is looked at
}

VmaList::VmaList() {
  publish({});
}
VmaList::~VmaList() = default;

Vma* VmaList::find(std::uint64_t address) const {
  const List& list = all();
  const auto after = std::upper_bound(list.begin(), list.end(), address,
                                      [](std::uint64_t at, const auto& vma) { return at < vma->start; });
  if (after == list.begin() || address >= (*(after - 1))->end) {
    return nullptr;
  }
  return (after - 1)->get();
}

void VmaList::publish(List list) {
  auto next = std::make_unique<const List>(std::move(list));
  current_.store(next.get(), std::memory_order_seq_cst);
  lists_.push_back(std::move(next));
  // A reader that comes now sees the new list; with none inside, nobody has an old one.
  const bool idle = std::all_of(readers_.begin(), readers_.end(),
                                [](const Readers& one) { return one.count.load(std::memory_order_seq_cst) == 0; });
  if (idle) {
    lists_.erase(lists_.begin(), lists_.end() - 1);
  }
}

void VmaList::add(std::shared_ptr<Vma> vma) {
  List next = all();
  const auto place = std::upper_bound(next.begin(), next.end(), vma->start,
                                      [](std::uint64_t at, const auto& one) { return at < one->start; });
  next.insert(place, std::move(vma));
  publish(std::move(next));
}

std::shared_ptr<Vma> VmaList::remove(const Vma& vma) {
  List next = all();
  const auto at = std::find_if(next.begin(), next.end(), [&](const auto& one) { return one.get() == &vma; });
  auto taken = *at;
  next.erase(at);
  publish(std::move(next));
  return taken;
}

} // namespace daxemu::api
