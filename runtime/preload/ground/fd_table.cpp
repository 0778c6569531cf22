#include "runtime/preload/ground/fd_table.hpp"

namespace daxemu::preload {

constinit std::array<std::atomic<std::uint8_t>, FdTable::kNumbers> FdTable::classes_{};
constinit std::atomic<bool> FdTable::attributes_{false};

} // namespace daxemu::preload
