// On a real device the kernel holds what the model counts: whoever gets or pins pages here asks it too, and hears its
// refusal.
#pragma once

#include <functional>
#include <mutex>
#include <vector>

#include "emu/gup/gup.hpp"

namespace daxemu::api {

class KernelConsent {
public:
  // Asks the kernel to hold extent `extent` of a device, for long or not. Errors (Problem): the kernel's.
  using Ask = std::function<Outcome<void>(std::uint64_t extent, bool longterm)>;
  // From now on (until remove) pages of this device need consent.
  void add(const mm::DevicePages& pages, Ask ask);
  void remove(const mm::DevicePages& pages);

  // How many of the pages just taken the kernel holds too, from the first on; asks once per folio. Errors (Problem):
  // its refusal of the first one. Costs a load where there is no real device.
  [[nodiscard]] Outcome<std::uint64_t> of_pages(const mm::MemMap& map, const mm::PagePtr* pages, std::uint64_t nr_pages,
                                                bool longterm);
  [[nodiscard]] Outcome<std::uint64_t> of_range(const mm::MemMap& map, const gup::PageRange& range, bool longterm);
  [[nodiscard]] bool needed() const { return needed_.load(std::memory_order_acquire); }

private:
  struct Device {
    const mm::DevicePages* pages;
    Ask ask;
  };
  Outcome<void> of_folio(const mm::Folio& folio, bool longterm);

  std::mutex mutex_;
  std::vector<Device> devices_;
  std::atomic<bool> needed_{false};
};

} // namespace daxemu::api
