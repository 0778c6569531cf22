// Pages of devices that vmsplice(2) has put into pipes: referenced until somebody has read them out of the pipe, or
// until the pipe is gone. Nobody tells us when: what a pipe still holds is asked (FIONREAD) whenever the ledger is to
// be right. Other writers' bytes behind ours make us believe that ours are there for longer, never for shorter.
#pragma once

#include <cstddef>
#include <cstdint>

#include <sys/types.h>
#include <sys/uio.h>

#include "emu/base/function_ref.hpp"

namespace daxemu::preload {

// vmsplice(2) by real(); what it has put into the pipe is entered in the ledger.
ssize_t vmsplice_call(int fd, const iovec* pieces, std::size_t count, std::uint64_t site, FunctionRef<ssize_t()> real);

// Drops what has left its pipe. Allocates nothing and takes no lock of the C library's: the watcher's thread calls it.
void settle_pipes() noexcept;
// Does any pipe hold something of ours? Costs a load.
[[nodiscard]] bool pipes_hold() noexcept;

// This process no longer has descriptors first to last, both included: pages in pipes it knows by no other are let go,
// as far as can be seen from here.
void pipes_closed(unsigned first, unsigned last) noexcept;

void pipes_before_fork();
void pipes_after_fork(bool in_child);

} // namespace daxemu::preload
