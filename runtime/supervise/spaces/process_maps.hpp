// /proc/PID/maps of one address space, asked for single addresses and ranges (Linux 6.11: what else is mapped is not
// read), else read as a text.
#pragma once

#include <optional>

#include <sys/types.h>

#include "emu/base/kernel/unique_fd.hpp"
#include "runtime/supervise/spaces/piece.hpp"

namespace daxemu::supervise {

class ProcessMaps {
public:
  ProcessMaps() = default; // of none
  // Of the address space that the process has now: after an exec it is still asked for that one, which then is gone.
  [[nodiscard]] static Result<ProcessMaps> of(pid_t process);

  // Nothing: nothing is mapped there.
  [[nodiscard]] std::optional<Piece> at(const Devices& devices, std::uint64_t address) const;
  // Those that have bytes in [start, end).
  [[nodiscard]] std::vector<Piece> pieces(const Devices& devices, std::uint64_t start, std::uint64_t end) const;
  // All there is.
  [[nodiscard]] std::vector<Piece> pieces(const Devices& devices) const {
    return pieces_of(text(), devices, 0, UINT64_MAX);
  }

private:
  [[nodiscard]] Result<void> query(const Devices& devices, std::uint64_t address, std::uint64_t flags,
                                   std::optional<Piece>& found) const;
  [[nodiscard]] std::string text() const;

  UniqueFd fd_;
};

} // namespace daxemu::supervise
