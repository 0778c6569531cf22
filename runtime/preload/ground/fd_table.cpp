#include "runtime/preload/ground/fd_table.hpp"

#include "emu/base/program/at_start.hpp"

namespace daxemu::preload {

DAXEMU_BEHIND_START constinit std::array<std::atomic<std::uint8_t>, FdTable::kNumbers> FdTable::classes_{};
constinit std::atomic<bool> FdTable::attributes_{false};

} // namespace daxemu::preload
