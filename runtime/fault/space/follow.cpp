// What a change of the platform means for the mappings this process has.
#include "runtime/fault/mappings/vma_reach.hpp"
#include "runtime/fault/space/address_space.hpp"

namespace daxemu::fault {
namespace {

// Stands for which extents of the mapping's first `length` bytes are poisoned; 0: none.
std::uint64_t poison_in(const Vma& vma, std::uint64_t length) {
  constexpr std::uint64_t kMix = 0x9e37'79b9'7f4a'7c15;
  std::uint64_t sum = 0;
  for (std::uint64_t offset = 0; offset < length; offset += vma.view->align()) {
    const ExtentIndex extent = vma.view->extent_at(vma.offset + offset);
    if ((vma.view->folio(extent).flags.load() & mm::kFolioHwpoison) != 0) {
      const std::uint64_t mixed = (extent.value() + 1) * kMix;
      sum += (mixed ^ mixed >> 32) * kMix;
    }
  }
  return sum;
}

} // namespace

void AddressSpace::follow(void* self) {
  auto& space = *static_cast<AddressSpace*>(self);
  if (space.also_follow_ != nullptr) {
    space.also_follow_();
  }
  const TableGuard guard(space.lock_);
  for (DeviceView& view : space.views_.all()) {
    if (view.was_alive && !view.alive()) {
      view.was_alive = false;
      space.bury(view);
    }
    if (!view.was_alive && view.revive()) { // perhaps bound again since the last look, or since this one began
      view.was_alive = true;
      space.dig_up(view);
    }
    if (view.was_alive) {
      space.hear_of_failures(view);
      const bool grew = space.take_out_poison(view);
      space.heal(view, grew);
    }
  }
}

// unmap_mapping_range() of kill_dev_dax(): what is mapped stays mapped, every touch of it is SIGBUS.
void AddressSpace::bury(const DeviceView& view) {
  for (std::size_t at = 0; at < table_.size(); ++at) {
    Vma vma = table_.at(at);
    if (vma.view == &view && filler_.place(vma.start, vma.end - vma.start, vma.prot)) {
      vma.flags |= kBroken | kPatched;
      table_.update(vma);
      if (server_.uffd()) {
        server_.uffd().wake(vma.start, vma.end - vma.start);
      }
    }
  }
}

// The device is bound again: the driver's fault handler is asked again for what was mapped before (run_dax(), guest,
// U2.remap).
void AddressSpace::dig_up(DeviceView& view) {
  server_.resolver().forget(view, 0, view.faulted().size());
  for (std::size_t at = 0; at < table_.size(); ++at) {
    Vma vma = table_.at(at);
    if (vma.view != &view || !is_whole(vma)) {
      continue;
    }
    vma.flags &= ~static_cast<std::uint32_t>(kBroken);
    restore(vma);
    table_.update(vma);
  }
  view.note_change();
}

// Extents not yet faulted in here are looked at when they are. Was there one that was?
bool AddressSpace::take_out_poison(DeviceView& view) {
  bool any = false;
  const ExtentBitmap& faulted = view.faulted();
  for (std::uint64_t extent = faulted.next(0); extent < faulted.size(); extent = faulted.next(extent + 1)) {
    if ((view.folio(ExtentIndex(extent)).flags.load() & mm::kFolioHwpoison) == 0) {
      continue;
    }
    const std::uint64_t offset = extent * view.align();
    for (std::size_t at = 0; at < table_.size(); ++at) {
      const Vma vma = table_.at(at);
      if (vma.view == &view && offset >= vma.offset && offset - vma.offset < vma.end - vma.start) {
        (void)server_.patch(vma, vma.start + (offset - vma.offset), true);
      }
    }
    server_.resolver().forget(view, extent, 1);
    any = true;
  }
  return any;
}

// What was taken out for poison is mapped again when some of it is healed; what is not is taken out at its next touch.
// Who poisons or heals waits until all have looked: of both there is one at a time.
void AddressSpace::heal(DeviceView& view, bool grew) {
  const auto may_heal = [&](const Vma& vma) {
    return vma.view == &view && vma.has(kPatched) && !vma.has(kBroken) && !keeps_filler(vma);
  };
  std::uint64_t all = 0;
  for (std::size_t at = 0; at < table_.size(); ++at) {
    const Vma vma = table_.at(at);
    all += may_heal(vma) ? poison_in(vma, backed_length(vma)) : 0;
  }
  const bool others = !grew && all != view.poison_seen;
  view.poison_seen = all;
  for (std::size_t at = 0; at < table_.size(); ++at) {
    Vma vma = table_.at(at);
    if (!may_heal(vma) || (!others && poison_in(vma, backed_length(vma)) != 0)) {
      continue;
    }
    restore(vma);
    table_.update(vma);
  }
}

} // namespace daxemu::fault
