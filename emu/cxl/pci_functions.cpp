#include <algorithm>
#include <array>
#include <bitset>
#include <cstdio>

#include "emu/cxl/derived/derived.hpp"
#include "emu/cxl/drivers.hpp"
#include "emu/cxl/enumeration/mem_probe.hpp"
#include "emu/cxl/enumeration/ports.hpp"
#include "emu/cxl/written_name.hpp"

namespace daxemu::cxl {
namespace {

CxlPciRecord* function_named(const store::Store& store, std::string_view written) {
  const std::string_view name = without_newline(written);
  for (CxlPciRecord& function : pci_functions(store)) {
    std::array<char, 32> text{};
    (void)std::snprintf(text.data(), text.size(), "0000:%02x:%02x.%x", function.bus, function.slot, function.function);
    if (function.kind != CxlPciKind::host_bridge && function.removed == 0 && name == text.data()) {
      return &function;
    }
  }
  return nullptr;
}

CxlMemdevRecord* memdev_of_function(const store::Store& store, const CxlPciRecord& function) {
  const std::uint32_t number = reference_of(store, function);
  const std::span all = memdevs(store);
  const auto found = std::ranges::find(all, number, &CxlMemdevRecord::pci);
  return found == all.end() ? nullptr : &*found;
}

// cxl_memdev_unregister(): what the device keeps stays with its record.
void remove_memdev(const store::Store& store, CxlMemdevRecord& memdev) {
  if (memdev.used == 0) {
    return;
  }
  release_mem(store, memdev);
  memdev.used = 0;
}

// Active partitions are read when the device is found.
void apply_partition(CxlMemdevRecord& memdev) {
  if (memdev.next_ram + memdev.next_pmem == 0) {
    return;
  }
  memdev.ram_size = memdev.next_ram;
  memdev.pmem_size = memdev.next_pmem;
  memdev.next_ram = 0;
  memdev.next_pmem = 0;
}

void find_memdev(const store::Store& store, CxlMemdevRecord& memdev) {
  apply_partition(memdev);
  add_memdev(store, memdev);
  if (store.cxl().autoprobe_off == 0) {
    (void)probe_mem(store, memdev); // without, it is a memdev all the same
  }
}

} // namespace

Result<void> unbind_pci(const store::Store& store, std::string_view name) {
  CxlPciRecord* function = function_named(store, name);
  if (function == nullptr || function->unbound != 0) {
    return fail(ENODEV);
  }
  if (auto room = make_return_room(store, nullptr); !room) {
    return room;
  }
  function->unbound = 1;
  if (CxlMemdevRecord* memdev = memdev_of_function(store, *function); memdev != nullptr) {
    remove_memdev(store, *memdev);
  }
  return {};
}

Result<void> bind_pci(const store::Store& store, std::string_view name) {
  CxlPciRecord* function = function_named(store, name);
  if (function == nullptr) {
    return fail(ENODEV);
  }
  if (function->unbound == 0) {
    return fail(EBUSY);
  }
  function->unbound = 0;
  if (CxlMemdevRecord* memdev = memdev_of_function(store, *function); memdev != nullptr) {
    find_memdev(store, *memdev);
  }
  return {};
}

Result<void> remove_pci(const store::Store& store, CxlPciRecord& pci) {
  if (pci.kind == CxlPciKind::host_bridge || pci.removed != 0) {
    return fail(ENODEV);
  }
  if (auto room = make_return_room(store, nullptr); !room) {
    return room;
  }
  for (CxlPciRecord& function : pci_functions(store)) {
    if (function.kind == CxlPciKind::none || function.removed != 0 || !is_below(store, function, pci)) {
      continue;
    }
    if (CxlMemdevRecord* memdev = memdev_of_function(store, function); memdev != nullptr) {
      remove_memdev(store, *memdev);
    }
    function.removed = 1;
    function.unbound = 0;
  }
  return {};
}

// Functions are all there before any of their drivers looks at one (pci_rescan_bus()).
void rescan_pci(const store::Store& store) {
  std::bitset<store::kMaxCxlPciDevices> found;
  const std::span all = pci_functions(store);
  for (std::size_t at = 0; at < all.size(); ++at) {
    found[at] = all[at].removed != 0;
    all[at].removed = 0;
  }
  for (std::size_t at = 0; at < all.size(); ++at) {
    CxlMemdevRecord* memdev = found[at] ? memdev_of_function(store, all[at]) : nullptr;
    if (memdev != nullptr) {
      find_memdev(store, *memdev);
    }
  }
}

} // namespace daxemu::cxl
