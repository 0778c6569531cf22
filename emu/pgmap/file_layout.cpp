#include "emu/pgmap/file_layout.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <mutex>

namespace daxemu::pgmap {
namespace {

constexpr std::uint64_t kEnd = std::numeric_limits<std::uint64_t>::max();

} // namespace

FileLayout::FileLayout(DevPagemap& pgmap, MappingReach& reach)
    : pgmap_(pgmap), reach_(reach), owners_(pgmap.pages().folio_count()),
      next_((pgmap.pages().ranges().front().first.value() << 16U) + 1) {}

FileLayout::File* FileLayout::find(FileId file) {
  const auto found = files_.find(file);
  return found == files_.end() ? nullptr : &found->second;
}
const FileLayout::File* FileLayout::find(FileId file) const {
  const auto found = files_.find(file);
  return found == files_.end() ? nullptr : &found->second;
}

FileId FileLayout::create() {
  const std::unique_lock lock(invalidate_lock_);
  files_[next_];
  return next_++;
}

Result<std::uint64_t> FileLayout::size(FileId file) const {
  const std::shared_lock lock(invalidate_lock_);
  const File* found = find(file);
  return found == nullptr ? fail(ENOENT) : Result<std::uint64_t>(found->size);
}

Result<void> FileLayout::allocate(FileId file, std::uint64_t first, std::uint64_t count) {
  const std::unique_lock lock(invalidate_lock_);
  File* const found = find(file);
  return found == nullptr ? fail(ENOENT) : allocate_in(file, *found, first, count);
}

Result<void> FileLayout::allocate_in(FileId id, File& file, std::uint64_t first, std::uint64_t count) {
  std::vector<ExtentIndex> fresh;
  std::uint64_t wanted = 0;
  for (std::uint64_t block = first; block < first + count; ++block) {
    wanted += file.blocks.contains(block) ? 0 : 1;
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
  mm::DevicePages& pages = pgmap_.pages();
  auto next = fresh.begin();
  for (std::uint64_t block = first; block < first + count; ++block) {
    if (file.blocks.contains(block)) {
      continue;
    }
    if (std::byte* bytes = pages.address_of(next->value() << pages.order()); bytes != nullptr) {
      std::memset(bytes, 0, kPageSize << pages.order());
    }
    owners_[next->value()] = {id, block};
    file.blocks[block] = *next;
    reach_.blocks_changed({id, block, block + 1, BlockChange::here, *next});
    ++next;
  }
  if (first + count > file.size) {
    if (const std::uint64_t hole = std::exchange(file.size, first + count); hole < first) {
      reach_.blocks_changed({id, hole, first, BlockChange::hole, {}});
    }
  }
  return {};
}

Result<mm::Folio> FileLayout::enter(FileId id, std::uint64_t block, ExtentIndex extent, const Insert& insert) {
  auto folio = mm::folio_of(pgmap_.pages(), extent);
  if (folio && folio->hwpoison()) {
    return fail(EHWPOISON);
  }
  folio->set_mapping(id, block << pgmap_.pages().order());
  if (insert) {
    insert(*folio);
  }
  return folio;
}

Result<mm::Folio> FileLayout::fault(FileId file, std::uint64_t block, const Insert& insert) {
  {
    const std::shared_lock lock(invalidate_lock_);
    const File* found = find(file);
    if (found == nullptr) {
      return fail(ENOENT);
    }
    if (block >= found->size) {
      return fail(ENXIO);
    }
    if (const auto at = found->blocks.find(block); at != found->blocks.end()) {
      return enter(file, block, at->second, insert);
    }
  }
  const std::unique_lock lock(invalidate_lock_); // a hole, unless somebody was quicker
  File* const found = find(file);
  if (found == nullptr || block >= found->size) {
    return fail(found == nullptr ? ENOENT : ENXIO);
  }
  if (auto allocated = allocate_in(file, *found, block, 1); !allocated) {
    return tl::unexpected(allocated.error());
  }
  return enter(file, block, found->blocks.at(block), insert);
}

void FileLayout::survey(FileId file, std::uint64_t first, std::uint64_t count,
                        FunctionRef<void(const BlockChange&)> visit) const {
  const std::shared_lock lock(invalidate_lock_);
  const File* found = find(file);
  const std::uint64_t end = first + count;
  const std::uint64_t size = found == nullptr ? 0 : found->size;
  for (std::uint64_t block = first; block < end;) {
    if (block >= size) {
      visit({file, block, end, BlockChange::gone, {}});
      return;
    }
    const auto at = found->blocks.lower_bound(block);
    const std::uint64_t next = at == found->blocks.end() ? std::min(end, size) : std::min({at->first, end, size});
    if (next > block) {
      visit({file, block, next, BlockChange::hole, {}});
      block = next;
      continue;
    }
    std::uint64_t last = block + 1; // neighbouring blocks whose extents are neighbours too
    for (auto run = std::next(at);
         run != found->blocks.end() && run->first == last && last < end && run->second == at->second + (last - block);
         ++run) {
      ++last;
    }
    visit({file, block, last, BlockChange::here, at->second});
    block = last;
  }
}

std::optional<std::uint64_t> FileLayout::break_layout(const File& file, std::uint64_t first, std::uint64_t last) {
  const auto begin = file.blocks.lower_bound(first);
  const auto end = file.blocks.lower_bound(last);
  for (auto at = begin; at != end; ++at) {
    reach_.unmap(*mm::folio_of(pgmap_.pages(), at->second)); // unmap_mapping_range() in dax_layout_busy_page()
  }
  for (auto at = begin; at != end; ++at) {
    if (mm::counts_of(pgmap_.pages().folios()[at->second]).refs > 0) { // dax_page_unused()
      return at->first;
    }
  }
  return std::nullopt;
}

Outcome<void> FileLayout::free_blocks(FileId id, std::uint64_t first, std::uint64_t last, bool to_end,
                                      std::chrono::milliseconds most) {
  const auto until = std::chrono::steady_clock::now() + most;
  std::unique_lock lock(invalidate_lock_);
  while (true) {
    File* const file = find(id);
    if (file == nullptr) {
      return refuse(ENOENT, "file " + std::to_string(id) + " does not exist", "create it first");
    }
    const auto busy = break_layout(*file, first, last);
    if (!busy) {
      break;
    }
    const mm::FolioRecord& record = pgmap_.pages().folios()[file->blocks.at(*busy)];
    lock.unlock();
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (!pgmap_.wait_idle(left, [&] { return mm::counts_of(record).refs == 0; })) {
      const auto report = pgmap_.busy();
      return refuse(EBUSY,
                    "block " + std::to_string(*busy) + " of file " + std::to_string(id) + " is still referenced:\n" +
                        (report ? report->text() : std::string()),
                    "unpin it; the kernel would wait for that without bound");
    }
    lock.lock();
  }
  File& file = *find(id);
  const auto begin = file.blocks.lower_bound(first);
  const auto end = file.blocks.lower_bound(last);
  for (auto at = begin; at != end; ++at) {
    mm::folio_of(pgmap_.pages(), at->second)->set_mapping(0, 0); // dax_disassociate_entry()
    owners_[at->second.value()] = {};
  }
  file.blocks.erase(begin, end);
  if (to_end) {
    const std::uint64_t grown_from = std::exchange(file.size, first);
    if (grown_from < first) {
      reach_.blocks_changed({id, grown_from, first, BlockChange::hole, {}});
    }
    reach_.blocks_changed({id, first, kEnd, BlockChange::gone, {}});
  } else if (const std::uint64_t to = std::min(last, file.size); first < to) {
    reach_.blocks_changed({id, first, to, BlockChange::hole, {}});
  }
  return {};
}

Outcome<void> FileLayout::truncate(FileId file, std::uint64_t blocks, std::chrono::milliseconds most) {
  return free_blocks(file, blocks, kEnd, true, most);
}
Outcome<void> FileLayout::punch(FileId file, std::uint64_t first, std::uint64_t count, std::chrono::milliseconds most) {
  return free_blocks(file, first, first + count, false, most);
}
Outcome<void> FileLayout::remove(FileId file, std::chrono::milliseconds most) {
  if (auto empty = truncate(file, 0, most); !empty) {
    return empty;
  }
  const std::unique_lock lock(invalidate_lock_);
  files_.erase(file);
  return {};
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
