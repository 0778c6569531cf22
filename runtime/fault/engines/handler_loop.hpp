// The life of the handler thread: reads faults from the userfaultfd and has them served.
#pragma once

#include <array>
#include <cstddef>

#include "runtime/fault/engines/event_wait.hpp"
#include "runtime/fault/touches/fault_server.hpp"

namespace daxemu::fault {

class HandlerLoop {
public:
  HandlerLoop(FaultServer& server, EventWait& events) : server_(server), events_(events) {}
  // Returns when the userfaultfd is gone.
  void run();

private:
  struct Fault {
    std::uint64_t address;
    bool missing;
    pid_t thread;
  };
  // Faults served, or -1: the userfaultfd is gone.
  int read_and_serve();
  void serve(const Fault& fault);
  void serve_postponed();

  FaultServer& server_;
  EventWait& events_;
  // Faults whose serving needs the table's lock while somebody else has it.
  static constexpr std::size_t kMostPostponed = 256;
  std::array<Fault, kMostPostponed> postponed_{};
  std::size_t postponed_count_ = 0;
};

} // namespace daxemu::fault
