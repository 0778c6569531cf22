// Puts extents of a platform's first device into known states, as the fault path, GUP and memory_failure() would; then
// holds its process slot until standard input ends.   mark_extents PLATFORM
#include <cstdio>

#include <fcntl.h>
#include <unistd.h>

#include "emu/mm/device_pages.hpp"
#include "emu/store/location.hpp"
#include "emu/store/processes/process_slots.hpp"
#include "emu/store/store.hpp"

using namespace daxemu;

int main(int argc, char** argv) {
  const auto location = argc == 2 ? store::store_location(argv[1]) : fail(EINVAL);
  auto store = location ? store::Store::open(location->c_str()) : tl::unexpected(location.error());
  if (!store || store->devices().empty()) {
    std::fprintf(stderr, "mark_extents: no such platform, or one without a device\n");
    return 1;
  }
  store::DeviceRecord& device = store->devices()[0];
  const std::uint64_t extents = device.size.load() / device.align;
  auto folios = mm::FolioTable::open(device.folios_location.c_str(), extents);
  auto slot = store::claim_slot(*store);
  if (!folios || !slot || extents < 16) {
    std::fprintf(stderr, "mark_extents: the folios cannot be had, or are too few\n");
    return 1;
  }
  (*slot)->engine.store(static_cast<std::uint32_t>(store::EngineKind::handler));
  const unsigned order = log2_of(device.align / kPageSize);
  for (std::uint64_t at = 0; at < extents / 4; ++at) {
    (*folios)[ExtentIndex(at)].flags.fetch_or(mm::kFolioTouched);
    device.counters[0].faults.fetch_add(1);
  }
  for (std::uint64_t at = 0; at < extents / 8; ++at) {
    (*folios)[ExtentIndex(at)].flags.fetch_or(mm::kFolioDirty);
  }
  (*folios)[ExtentIndex(0)].counts.store(mm::pack_counts(mm::counts_for(order, 0, 1)));
  (*folios)[ExtentIndex(extents - 1)].flags.fetch_or(mm::kFolioHwpoison);
  std::puts("marked");
  std::fflush(stdout);
  char byte = 0;
  while (::read(STDIN_FILENO, &byte, 1) > 0) {
  }
  store::release_slot(*store);
  return 0;
}
