#include "runtime/api/mm/remote_mm.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>

#include <sys/sysmacros.h>

#include "emu/pgmap/pgmap.hpp"

namespace daxemu::api {
namespace {

std::uint32_t rights_of(const char* permissions) { // "rw-s"
  std::uint32_t rights = gup::kVmMayRead | gup::kVmMayWrite;
  rights |= permissions[0] == 'r' ? std::uint32_t{gup::kVmRead} : 0;
  rights |= permissions[1] == 'w' ? std::uint32_t{gup::kVmWrite} : 0;
  rights |= permissions[3] == 's' ? std::uint32_t{gup::kVmShared} : 0;
  return rights;
}

// The pages of the device whose bytes are in that file, or nullptr.
mm::DevicePages* device_of(const store::Store& store, const mm::MemMap& map, dev_t file_system, ino_t inode) {
  const store::DeviceRecord* device = store.device_of_bytes(file_system, inode);
  return device == nullptr ? nullptr : map.find(Pfn(device->ranges[0].phys_start >> kPageShift));
}

} // namespace

Result<RemoteMm> RemoteMm::of(pid_t pid, const store::Store& store, const mm::MemMap& map) {
  std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
  if (!maps) {
    return fail(errno == ENOENT ? ESRCH : EPERM);
  }
  RemoteMm mm;
  for (std::string line; std::getline(maps, line);) {
    unsigned long long start = 0;
    unsigned long long end = 0;
    unsigned long long offset = 0;
    unsigned long long inode = 0;
    unsigned major_number = 0;
    unsigned minor_number = 0;
    char permissions[5] = {};
    if (std::sscanf(line.c_str(), "%llx-%llx %4s %llx %x:%x %llu", &start, &end, permissions, &offset, &major_number,
                    &minor_number, &inode) != 7) {
      continue;
    }
    Vma vma{start, end, offset >> kPageShift, rights_of(permissions), nullptr};
    vma.device = inode == 0 ? nullptr : device_of(store, map, makedev(major_number, minor_number), inode);
    mm.vmas_.push_back(vma);
  }
  return mm.vmas_.empty() ? Result<RemoteMm>(fail(EPERM)) : mm; // /proc shows an empty file to who may not look
}

const RemoteMm::Vma* RemoteMm::find(std::uint64_t address) const {
  const auto after = std::upper_bound(vmas_.begin(), vmas_.end(), address,
                                      [](std::uint64_t at, const Vma& vma) { return at < vma.start; });
  return after == vmas_.begin() || address >= (after - 1)->end ? nullptr : &*(after - 1);
}

gup::Entry RemoteMm::lookup(std::uint64_t address, std::uint64_t wanted) const {
  gup::Entry entry;
  const Vma* vma = find(address);
  if (vma == nullptr) {
    return entry;
  }
  entry.kind = vma->device == nullptr ? gup::EntryKind::ordinary : gup::EntryKind::device;
  entry.rights = vma->rights;
  entry.vma_start = vma->start;
  entry.vma_end = vma->end;
  entry.device = vma->device;
  entry.pgoff = vma->pgoff + ((address - vma->start) >> kPageShift);
  entry.nr_pages = std::min(wanted, (vma->end - address) >> kPageShift);
  if (vma->device != nullptr) {
    const auto folio = mm::folio_of(*vma->device, vma->device->folio_at(entry.pgoff));
    entry.present = folio && (folio->record().flags.load() & mm::kFolioTouched) != 0 && !folio->hwpoison();
    const std::uint64_t each = vma->device->pages_per_folio();
    entry.nr_pages = std::min(entry.nr_pages, each - (entry.pgoff & (each - 1)));
  }
  return entry;
}

Result<void> RemoteMm::fault(std::uint64_t address, bool write) {
  const Vma* vma = find(address);
  if (vma == nullptr || vma->device == nullptr || (vma->rights & (write ? gup::kVmWrite : gup::kVmRead)) == 0) {
    return fail(EFAULT);
  }
  const auto folio =
      mm::folio_of(*vma->device, vma->device->folio_at(vma->pgoff + ((address - vma->start) >> kPageShift)));
  const pgmap::DevPagemap* pgmap = vma->device->pgmap;
  if (!folio || (pgmap != nullptr && (!pgmap->is_live() || pgmap->has(pgmap::Behaviour::device_swap_entries)))) {
    return fail(EFAULT);
  }
  if (folio->hwpoison()) {
    return fail(EHWPOISON);
  }
  folio->record().flags.fetch_or(mm::kFolioTouched);
  return {};
}

} // namespace daxemu::api
