// The platform that the guest had whose answers the mailbox's tests know: two volatile memdevs of 512M, a persistent
// one with 1M of labels; and their files.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "emu/base/kernel/user_memory.hpp"
#include "tests/unit/cxl/platform.hpp"

namespace daxemu::cxl {

// Memory of this process, of which addresses below a page are nobody's.
class TestMemory final : public UserMemory {
public:
  [[nodiscard]] bool read(void* into, std::uint64_t from, std::size_t size) const override {
    return size == 0 || (from >= kFirst && std::memcpy(into, pointer(from), size) != nullptr);
  }
  [[nodiscard]] bool write(std::uint64_t into, const void* from, std::size_t size) const override {
    return size == 0 || (into >= kFirst && std::memcpy(pointer(into), from, size) != nullptr);
  }

private:
  static constexpr std::uint64_t kFirst = 4096;
  static void* pointer(std::uint64_t address) { return reinterpret_cast<void*>(address); }
};

inline std::uint64_t address_of(const void* bytes) {
  return reinterpret_cast<std::uint64_t>(bytes);
}

struct MailboxLab {
  explicit MailboxLab(bool mock = false, KernelId kernel = KernelId::linux_6_12)
      : store(platform_of(spec(mock), kernel)) {
    for (CxlMemdevRecord& memdev : memdevs(store)) {
      memdev.bytes_slot = give_file(memdev.ram_size + memdev.pmem_size);
      memdev.labels_slot = memdev.label_size == 0 ? 0 : give_file(0);
    }
  }

  static TopologySpec spec(bool mock) {
    HostBridgeSpec bridge;
    bridge.root_ports = {memdev_below(512 * kMega), memdev_below(512 * kMega), memdev_below(0, 512 * kMega)};
    TopologySpec made{.host_bridges = {bridge}, .windows = {{}, {}}};
    if (mock) {
      made.mock = true;
      bridge.root_ports = {{.memdev = {{.either = 2 * kGiga, .either_pmem = kGiga, .firmware = "mock fw v1 "}}}};
      made.host_bridges = {bridge};
    }
    return made;
  }

  // A file of that size, as whoever builds a platform gives it to a memdev. The number of its slot + 1.
  std::uint32_t give_file(std::uint64_t size) {
    const auto made = sys::memfd_create("media", MFD_CLOEXEC);
    EXPECT_TRUE(made && sys::ftruncate(*made, size));
    files.emplace_back(*made);
    const std::uint32_t number = store.platform().backing_slots_used.load();
    store::BackingSlot& slot = store.backing_slot_table()[number];
    slot.owner.store(1);
    slot.backing.kind = store::BackingKind::shmem;
    slot.backing.location.assign("/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(*made));
    store.platform().backing_slots_used.store(number + 1);
    return number + 1;
  }

  CxlMemdevRecord& memdev(std::string_view name) {
    CxlMemdevRecord* found = memdev_named(store, name);
    EXPECT_NE(found, nullptr) << name;
    return *found;
  }

  store::Store store;
  std::vector<UniqueFd> files;
  TestMemory memory;
};

} // namespace daxemu::cxl
