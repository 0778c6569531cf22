// What a change of the platform means for the mappings this process has.
#include "runtime/fault/mappings/vma_reach.hpp"
#include "runtime/fault/space/address_space.hpp"

namespace daxemu::fault {
namespace {

// The sum of those of several extents stands for which they are.
std::uint64_t mark_of(ExtentIndex extent) {
  constexpr std::uint64_t kMix = 0x9e37'79b9'7f4a'7c15;
  const std::uint64_t mixed = (extent.value() + 1) * kMix;
  return (mixed ^ mixed >> 32) * kMix;
}

// Of what is poisoned of the mapping's first `length` bytes; 0: nothing.
std::uint64_t poison_in(const Vma& vma, std::uint64_t length) {
  std::uint64_t sum = 0;
  for (std::uint64_t offset = 0; offset < length; offset += vma.view->align()) {
    const ExtentIndex extent = vma.view->extent_at(vma.offset + offset);
    if ((vma.view->folio(extent).flags.load() & mm::kFolioHwpoison) != 0) {
      sum += mark_of(extent);
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
      space.heal(view, space.take_out_poison(view));
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
  server_.resolver().forget(view, view.faulted(), 0, view.faulted().size());
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

// Extents not yet faulted in here are looked at when they are. Gives mark_of() those that were.
std::uint64_t AddressSpace::take_out_poison(DeviceView& view) {
  std::uint64_t taken = 0;
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
    server_.resolver().forget(view, view.faulted(), extent, 1);
    taken += mark_of(ExtentIndex(extent));
  }
  return taken;
}

// What was taken out for poison is mapped again where none is, and all of it when some may be healed: what is not is
// taken out at its next touch.
void AddressSpace::heal(DeviceView& view, std::uint64_t taken) {
  const auto can_be_restored = [&](const Vma& vma) {
    return vma.view == &view && vma.has(kPatched) && !vma.has(kBroken) && !keeps_filler(vma);
  };
  const auto map_again = [&](Vma vma) {
    restore(vma);
    table_.update(vma);
  };
  std::uint64_t all = 0;
  for (std::size_t at = 0; at < table_.size(); ++at) {
    const Vma vma = table_.at(at);
    if (!can_be_restored(vma)) {
      continue;
    }
    const std::uint64_t poison = poison_in(vma, backed_length(vma));
    all += poison;
    if (poison == 0) {
      map_again(vma);
    }
  }
  // What has changed otherwise than by what was just taken out may be healed: looked at anew, which costs faults and
  // nothing else.
  const bool may_be_healed = all != view.poison_seen && all != view.poison_seen + taken;
  view.poison_seen = all;
  for (std::size_t at = 0; may_be_healed && at < table_.size(); ++at) {
    if (const Vma vma = table_.at(at); can_be_restored(vma)) { // not those that have just been mapped again
      map_again(vma);
    }
  }
}

} // namespace daxemu::fault
