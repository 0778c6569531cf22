#include "emu/dax/device/references.hpp"

#include <algorithm>
#include <ctime>

#include <fcntl.h>

#include "emu/dax/device/extents.hpp"
#include "emu/mm/holder_table.hpp"
#include "emu/pgmap/memory_types.hpp"
#include "emu/store/generation.hpp"

namespace daxemu::dax {
namespace {

// Is any folio referenced? A file that cannot be searched is taken for idle: nobody must wait for what nobody can see.
bool any_referenced(const mm::FolioTable& folios, int fd) {
  const auto pieces = folios.touched(fd);
  if (!pieces) {
    return false;
  }
  for (const mm::FolioTable::Piece& piece : *pieces) {
    for (std::uint64_t at = piece.first; at < std::min(piece.last, folios.size()); ++at) {
      if (mm::counts_of(folios[ExtentIndex(at)]).refs != 0) {
        return true;
      }
    }
  }
  return false;
}

} // namespace

Result<void> await_references(const store::Store& store, const store::DeviceRecord& device) {
  if (!pgmap::behaviours_of_record(device.behaviours, store.profile()).has(pgmap::Behaviour::wait_for_folios)) {
    return {};
  }
  const std::uint64_t extents = extent_count(device);
  auto fd = store.open_file(device.folios_location.c_str(), O_RDWR | O_CLOEXEC);
  if (!fd) {
    return tl::unexpected(fd.error());
  }
  const auto folios = mm::FolioTable::map(fd->get(), extents);
  const int file = fd->get();
  auto holders = mm::HolderTable::open(std::move(*fd), extents);
  if (!folios || !holders) {
    return tl::unexpected(folios ? holders.error() : folios.error());
  }
  const unsigned order = log2_of(device.align) - static_cast<unsigned>(kPageShift);
  while (any_referenced(*folios, file)) {
    (void)holders->reap(*folios, order, {});
    store::await_followers(store, store::announce(store.platform())); // what left a pipe meanwhile is noticed
    const timespec pause{.tv_sec = 0, .tv_nsec = 10'000'000};
    ::nanosleep(&pause, nullptr);
  }
  return {};
}

} // namespace daxemu::dax
