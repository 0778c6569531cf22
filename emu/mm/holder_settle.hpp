// How much of a dead process's hold a folio's counts really contain. It died anywhere between claim() and confirm(), or
// between begin_drop() and end_drop(), in any number of threads: the answer lies between `applied` and `claimed`.
#pragma once

#include <functional>

#include "emu/mm/holder_table.hpp"

namespace daxemu::mm {

// Another process that may hold the folio.
struct OtherHolder {
  const HolderRecord* record = nullptr; // its record of this folio
  bool dead = false;
};

// Decides by what the counts contain beyond everybody else's holds: the counts are frozen for a moment in which no
// living holder is in the middle of a change. The word (hold_word) of what must be dropped. `visit_others` calls its
// argument with each. Rather too little than too much, if no such moment comes: a leak is visible, a count too low
// frees what is in use.
using VisitOthers = std::function<void(const std::function<void(const OtherHolder&)>&)>;
[[nodiscard]] std::uint64_t settle_hold(FolioRecord& folio, const HolderRecord& dead, unsigned order,
                                        const VisitOthers& visit_others);

} // namespace daxemu::mm
