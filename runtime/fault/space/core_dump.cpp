// What a core dump finds of this process's devices (core_filter.hpp says what it is to find).
#include <cstddef>

#include "runtime/fault/mappings/core_filter.hpp"
#include "runtime/fault/mappings/vma_reach.hpp"
#include "runtime/fault/space/address_space.hpp"

namespace daxemu::fault {

void AddressSpace::follow_core_filter() {
  if (!CoreFilter::read()) {
    return;
  }
  const TableGuard guard(lock_);
  for (std::size_t at = 0; at < table_.size(); ++at) {
    const Vma vma = table_.at(at);
    CoreFilter::mark(vma.start, vma.end, CoreFilter::dumps(vma));
  }
}

void AddressSpace::prepare_core_dump() {
  follow_core_filter();
  const TableGuard guard(lock_);
  for (std::size_t at = 0; at < table_.size(); ++at) {
    const Vma vma = table_.at(at);
    // What is yet to be brought stays a hole, which is not dumped; the rest is shown as others see it.
    if (vma.has(kRegistered) && !vma.view->has_image() && vma.view->hooks() == nullptr) {
      (void)server_.uffd().unwatch(vma.start, backed_length(vma));
    }
  }
}

} // namespace daxemu::fault
