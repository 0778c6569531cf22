// A store whose bytes are anybody's: it is refused without a byte written to it, or can be read through.
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "emu/base/units.hpp"
#include "emu/store/header.hpp"
#include "emu/store/processes/process_slots.hpp"
#include "emu/store/recovery_log.hpp"
#include "emu/store/store.hpp"
#include "tests/fuzz/patch.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace daxemu;

constexpr store::Capacity kSmall = {
    .regions = 2, .devices = 4, .processes = 4, .backing_slots = 4, .driver_ids = 4, .memory_blocks = 16};

// A whole store with a region and two devices.
std::vector<std::byte> sample() {
  auto file = sys::memfd_create("sample", MFD_CLOEXEC);
  auto store = store::Store::create(UniqueFd(*file), "lab", kSmall);
  store->region_table()[0].used = 1;
  store->region_table()[0].size = 1ULL << 30;
  store->platform().regions_used = 1;
  for (std::uint32_t at = 0; at < 2; ++at) {
    store::DeviceRecord& device = store->device_table()[at];
    device.id = at;
    device.align = kPmdSize;
    device.size = 4 * kPmdSize;
    device.nr_ranges = 1;
    device.backing.location.assign("/nowhere");
    device.state = store::DeviceState::enabled;
  }
  store->platform().devices_used = 2;
  const auto st = sys::fstat(store->fd());
  std::vector<std::byte> bytes(static_cast<std::size_t>(st->st_size));
  (void)sys::pread(store->fd(), bytes.data(), bytes.size(), 0);
  return bytes;
}

volatile std::uint64_t sink;

void read_through(const store::Store& store) {
  std::uint64_t sum = store.platform().name.view().size();
  for (const store::DeviceRecord& device : store.devices()) {
    if (device.state.load() == store::DeviceState::absent) {
      continue;
    }
    sum += store.name_of(device).view().size() + store.region_of(device).size + device.backing.location.view().size();
    for (std::uint32_t at = 0; at < device.nr_ranges; ++at) {
      sum += device.ranges[at].size;
    }
  }
  for (const store::BackingSlot& slot : store.backing_slots()) {
    sum += slot.backing.reason.view().size() + slot.owner.load();
  }
  for (const store::NodeSlot& slot : store.node_slots()) {
    sum += slot.node.location.view().size() + slot.owner.load();
  }
  for (const store::ProcessSlot& slot : store.slots()) {
    sum += slot.state.load();
  }
  sum += store.driver_ids().size() + store.memory_blocks().size() + store.regions().size();
  sum += static_cast<std::uint64_t>(store.device_of_node(1, 2) != nullptr) +
         static_cast<std::uint64_t>(store.device_of_bytes(1, 2) != nullptr) +
         static_cast<std::uint64_t>(store.device_named("dax0.1") != nullptr);
  sum += store::untold_recoveries(store).size();
  sink = sum;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<std::byte> kSample = sample();
  static const int kFile = *sys::memfd_create("fuzzed", MFD_CLOEXEC);
  std::vector<std::byte> bytes = kSample;
  const fuzz::Patched patched = fuzz::patch(bytes, {data, size});
  if (patched.mend_checksums && bytes.size() >= sizeof(store::Header)) { // to get behind the header
    store::Header header;
    std::memcpy(&header, bytes.data(), sizeof header);
    header.checksum = store::checksum_of(header);
    std::memcpy(bytes.data(), &header, sizeof header);
  }
  fuzz::write_file(kFile, bytes);
  const std::string path = "/proc/self/fd/" + std::to_string(kFile);
  if (auto store = store::Store::open(path.c_str()); store) {
    read_through(*store);
  } else {
    fuzz::expect_untouched(kFile, bytes);
  }
  return 0;
}
