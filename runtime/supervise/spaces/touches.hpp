// Serves first touches of devices in programs' address spaces: what FaultServer does for the process that it is in, by
// the same rules and the same Resolver. A touch that is refused goes to Refusals.
#pragma once

#include <linux/userfaultfd.h>

#include "runtime/supervise/spaces/refusals.hpp"
#include "runtime/supervise/spaces/space.hpp"

namespace daxemu::supervise {

class Touches {
public:
  // `ahead`: extents that a program will touch next may be mapped with the one it touches.
  Touches(const Devices& devices, Refusals& refusals, bool ahead)
      : devices_(devices), refusals_(refusals), ahead_(ahead) {}

  // In one thread.
  void serve(const std::shared_ptr<Space>& space, const uffd_msg& message);

private:
  struct Touch {
    std::uint64_t address = 0;
    bool missing = false;
    pid_t thread = 0; // as it calls itself
  };
  void serve(const std::shared_ptr<Space>& space, const Touch& touch);
  void map_ahead(Space& space, Space::Touched& touched, const Piece& piece, ExtentIndex extent) const;
  // dev_dax_huge_fault()'s reasons.
  [[nodiscard]] static bool refuses(Space& space, const Piece& piece, std::uint64_t address, ExtentIndex extent);
  [[nodiscard]] static bool is_whole(Space& space, const Piece& piece);
  [[nodiscard]] static bool is_poisoned(const Piece& piece, ExtentIndex extent);

  const Devices& devices_;
  Refusals& refusals_;
  bool ahead_;
};

} // namespace daxemu::supervise
