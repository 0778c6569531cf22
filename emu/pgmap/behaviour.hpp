// What a dev_pagemap does differently from ordinary memory, as flags instead of a type to switch over. Each flag stands
// for one place in the kernel that asks for the type; the named types (memory_types.hpp) are sets of flags, and others
// can be made.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

#include "emu/base/result.hpp"

namespace daxemu::pgmap {

enum class Behaviour : std::uint32_t {
  deny_longterm_fast,      // gup-fast leaves FOLL_LONGTERM to the slow path, whatever the page table entry is
  deny_longterm,           // FOLL_LONGTERM is refused
  migrate_before_longterm, // FOLL_LONGTERM moves the data to RAM first
  free_hook_on_idle,       // ops.folio_free (or page_free) when a folio's count falls idle
  wake_on_idle,            // truncate waits for a folio's count to fall idle
  device_swap_entries,     // page tables never hold it: a CPU touch calls ops.migrate_to_ram
  file_mapping,            // folio->mapping and index say which file's which page it is
  compound,                // folios of order > 0 (vmemmap_shift)
  peer_to_peer,            // only callers with FOLL_PCI_P2PDMA get its pages
  count_from_one,          // an idle page's count is 1
  direct_map,              // the kernel has an address for it
  wait_for_folios,         // the pgmap dies only when every folio is idle
  generic_failure,         // memory_failure poisons it and kills those who map it
  deny_fixed_buffers,      // io_uring does not register its memory
  devmap_entries,          // page table entries say that they are of a dev_pagemap
  entry_references,        // each page table entry holds a reference
  longterm_write_slow,     // gup-fast leaves long-term pins for writing to the slow path
  page_free_hook,          // the hook of idle pages is page_free and gets a page
  holder,                  // the device may have a holder, who hears of failures first
  pre_remove_notice,       // a holder is told that the device goes as such, not as a failure
  ask_before_longterm,     // the holder is asked before a long-term pin
};
inline constexpr std::uint32_t kBehaviours = 21;

class Behaviours {
public:
  constexpr Behaviours() = default;
  constexpr Behaviours(std::initializer_list<Behaviour> list) {
    for (const Behaviour one : list) {
      bits_ |= bit(one);
    }
  }
  [[nodiscard]] constexpr bool has(Behaviour one) const { return (bits_ & bit(one)) != 0; }
  [[nodiscard]] constexpr bool has_all(Behaviours other) const { return (bits_ & other.bits_) == other.bits_; }
  [[nodiscard]] constexpr bool has_any(Behaviours other) const { return (bits_ & other.bits_) != 0; }
  [[nodiscard]] constexpr Behaviours with(Behaviour one) const { return Behaviours(bits_ | bit(one)); }
  [[nodiscard]] constexpr Behaviours without(Behaviour one) const { return Behaviours(bits_ & ~bit(one)); }
  [[nodiscard]] constexpr std::uint32_t bits() const { return bits_; }
  [[nodiscard]] static constexpr Behaviours of_bits(std::uint32_t bits) { return Behaviours(bits); }
  friend constexpr bool operator==(Behaviours, Behaviours) = default;

private:
  constexpr explicit Behaviours(std::uint32_t bits) : bits_(bits) {}
  static constexpr std::uint32_t bit(Behaviour one) { return 1U << static_cast<std::uint32_t>(one); }
  std::uint32_t bits_ = 0;
};

struct BehaviourInfo {
  Behaviour behaviour;
  const char* name;
  const char* effect;
  const char* kernel; // where the kernel decides it
};
[[nodiscard]] std::span<const BehaviourInfo> behaviour_table();
// Names joined by ", ".
[[nodiscard]] std::string to_string(Behaviours set);

// Does gup-fast leave a long-term pin, for writing or not, to the slow path?
[[nodiscard]] constexpr bool longterm_goes_slow(Behaviours set, bool write) {
  return set.has_any({Behaviour::deny_longterm_fast, Behaviour::devmap_entries}) ||
         (write && set.has(Behaviour::longterm_write_slow));
}
// Does io_uring register such memory as buffers (a long-term pin)?
[[nodiscard]] constexpr bool may_register_buffers(Behaviours set) {
  return !set.has(Behaviour::deny_fixed_buffers) && !set.has(Behaviour::deny_longterm);
}
// Memory whose driver hands out its pages and so begins their counts (zone_device_page_init).
[[nodiscard]] constexpr bool driver_hands_out(Behaviours set) {
  return !set.has_any({Behaviour::count_from_one, Behaviour::entry_references});
}

// What a set is checked with.
struct SetContext {
  unsigned order = 0;
  bool has_folio_free = false; // or page_free
  bool has_migrate_to_ram = false;
  bool has_owner = false;
};
// Can this set exist? Errors (Problem, EINVAL): which flags contradict each other or what they lack, and why.
Outcome<void> check_set(Behaviours set, const SetContext& context);

} // namespace daxemu::pgmap
