#include "emu/pgmap/file_layout.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <mutex>

namespace daxemu::pgmap {

FileLayout::FileLayout(DevPagemap& pgmap, MappingReach& reach)
    : pgmap_(pgmap), reach_(reach), owners_(pgmap.pages().folio_count()) {}

FileId FileLayout::create() {
  const std::unique_lock lock(invalidate_lock_);
  files_[next_];
  return next_++;
}

Result<void> FileLayout::allocate(FileId file, std::uint64_t first, std::uint64_t count) {
  const std::unique_lock lock(invalidate_lock_);
  const auto found = files_.find(file);
  if (found == files_.end()) {
    return fail(ENOENT);
  }
  auto& blocks = found->second;
  std::vector<ExtentIndex> fresh;
  std::uint64_t wanted = 0;
  for (std::uint64_t block = first; block < first + count; ++block) {
    wanted += blocks.contains(block) ? 0 : 1;
  }
  for (std::uint64_t extent = 0; extent < owners_.size() && fresh.size() < wanted; ++extent) {
    const bool bad = (pgmap_.pages().folios()[ExtentIndex(extent)].flags.load() & mm::kFolioHwpoison) != 0;
    if (owners_[extent].file == 0 && !bad) {
      fresh.push_back(ExtentIndex(extent));
    }
  }
  if (fresh.size() < wanted) {
    return fail(ENOSPC);
  }
  auto next = fresh.begin();
  for (std::uint64_t block = first; block < first + count; ++block) {
    if (blocks.contains(block)) {
      continue;
    }
    mm::DevicePages& pages = pgmap_.pages();
    if (std::byte* bytes = pages.address_of(next->value() << pages.order()); bytes != nullptr) {
      std::memset(bytes, 0, kPageSize << pages.order());
    }
    owners_[next->value()] = {file, block};
    blocks[block] = *next++;
  }
  return {};
}

Result<mm::Folio> FileLayout::fault(FileId file, std::uint64_t block) {
  const std::shared_lock lock(invalidate_lock_);
  const auto found = files_.find(file);
  if (found == files_.end()) {
    return fail(ENOENT);
  }
  const auto at = found->second.find(block);
  if (at == found->second.end()) {
    return fail(ENXIO);
  }
  auto folio = mm::folio_of(pgmap_.pages(), at->second);
  if (folio && folio->hwpoison()) {
    return fail(EHWPOISON);
  }
  folio->set_mapping(file, block << pgmap_.pages().order());
  return folio;
}

Outcome<void> FileLayout::free_blocks(FileId file, std::uint64_t first, std::uint64_t last,
                                      std::chrono::milliseconds most) {
  const std::unique_lock lock(invalidate_lock_);
  const auto found = files_.find(file);
  if (found == files_.end()) {
    return refuse(ENOENT, "file " + std::to_string(file) + " does not exist", "create it first");
  }
  auto& blocks = found->second;
  const auto begin = blocks.lower_bound(first);
  const auto end = blocks.lower_bound(last);
  for (auto at = begin; at != end; ++at) {
    reach_.unmap(*mm::folio_of(pgmap_.pages(), at->second));
  }
  // dax_layout_busy_page(): a page of the range whose count is above its idle one.
  auto busy = [&] {
    return std::find_if(
        begin, end, [&](const auto& entry) { return mm::counts_of(pgmap_.pages().folios()[entry.second]).refs > 0; });
  };
  if (!pgmap_.wait_idle(most, [&] { return busy() == end; })) {
    const auto at = busy();
    const auto report = pgmap_.busy();
    const std::string which = at == end ? "a block" : "block " + std::to_string(at->first);
    return refuse(EBUSY,
                  which + " of file " + std::to_string(file) + " is still referenced:\n" +
                      (report ? report->text() : std::string()),
                  "unpin it; the kernel would wait for that without bound");
  }
  for (auto at = begin; at != end; ++at) {
    mm::folio_of(pgmap_.pages(), at->second)->set_mapping(0, 0); // dax_disassociate_entry()
    owners_[at->second.value()] = {};
  }
  blocks.erase(begin, end);
  return {};
}

Outcome<void> FileLayout::truncate(FileId file, std::uint64_t blocks, std::chrono::milliseconds most) {
  return free_blocks(file, blocks, std::numeric_limits<std::uint64_t>::max(), most);
}
Outcome<void> FileLayout::punch(FileId file, std::uint64_t first, std::uint64_t count, std::chrono::milliseconds most) {
  return free_blocks(file, first, first + count, most);
}

std::optional<FileLayout::Owner> FileLayout::owner_of(ExtentIndex index) const {
  const std::shared_lock lock(invalidate_lock_);
  if (index.value() >= owners_.size() || owners_[index.value()].file == 0) {
    return std::nullopt;
  }
  return owners_[index.value()];
}

std::uint64_t FileLayout::free_extents() const {
  const std::shared_lock lock(invalidate_lock_);
  return static_cast<std::uint64_t>(
      std::count_if(owners_.begin(), owners_.end(), [](const Owner& owner) { return owner.file == 0; }));
}

std::function<Result<void>(Pfn, std::uint64_t)> FileLayout::failure_handler() {
  return [this](Pfn first, std::uint64_t) -> Result<void> {
    const auto pgoff = pgmap_.pages().pgoff_of(first);
    if (!pgoff || !owner_of(pgmap_.pages().folio_at(*pgoff))) {
      return fail(EOPNOTSUPP);
    }
    mf_dax_kill_procs(*mm::folio_of(pgmap_.pages(), pgmap_.pages().folio_at(*pgoff)), first, reach_);
    return {};
  };
}

} // namespace daxemu::pgmap
