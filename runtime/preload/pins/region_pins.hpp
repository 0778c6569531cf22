// RDMA memory regions: ibv_reg_mr(3) pins for long what it registers (ib_umem_get), unless on demand.
#pragma once

#include <cstddef>

#include "emu/base/function_ref.hpp"

namespace daxemu::preload {

// Registers by real(), which gives the region or nullptr with errno. `access`: IBV_ACCESS_*. Refuses with EOPNOTSUPP
// memory that is not pinned for long (FS_DAX), EFAULT what cannot be touched so.
void* register_region(const void* address, std::size_t length, unsigned access, unsigned long site,
                      FunctionRef<void*()> real);
// Deregisters by real(), 0 or an errno value.
int deregister_region(void* region, FunctionRef<int()> real);

void regions_before_fork();
void regions_after_fork(bool in_child);

} // namespace daxemu::preload
