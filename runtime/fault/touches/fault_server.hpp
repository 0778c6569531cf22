// Serves one fault: finds the mapping, asks the rules (device bound? poisoned? page size allowed?), makes the extent
// present or puts filler in its place. The engines differ only in which thread calls it, and when.
#pragma once

#include <cstdint>

#include "emu/base/units.hpp"

#include "runtime/fault/mappings/vma_table.hpp"
#include "runtime/fault/process/table_lock.hpp"
#include "runtime/fault/touches/filler.hpp"
#include "runtime/fault/touches/map_ahead.hpp"
#include "runtime/fault/touches/resolver.hpp"

namespace daxemu::fault {

class FaultServer {
public:
  FaultServer(VmaTable& table, TableLock& lock, Filler& filler) : table_(table), lock_(lock), filler_(filler) {}

  void use(UffdCalls uffd) { uffd_ = uffd; }
  [[nodiscard]] const UffdCalls& uffd() const { return uffd_; }
  [[nodiscard]] Resolver& resolver() { return resolver_; }

  enum class Served {
    present, // or gone: the touch is tried again
    refused, // filler is there now: the touch is SIGBUS
    busy,    // the table's lock is held: ask again (never answered to who may wait)
  };
  enum class Caller {
    handler, // the handler thread. It may not wait for the table's lock: it would hold up faults that the lock's holder
             // has nothing to do with
    toucher, // who touched, by itself (the inline engine)
    populate, // who wants this extent and no other (MAP_POPULATE, mlock, MADV_POPULATE_*)
    mover,    // the same of one that was present where it came from
  };
  // `thread`: whose fault it is, 0: the caller's.
  Served serve(std::uint64_t address, bool missing, Caller caller, pid_t thread = 0);

  [[nodiscard]] MapAhead& ahead() { return ahead_; }

  // Puts filler over the extent of `vma` at `address`, if that is still what is mapped there, and wakes who waits.
  Served patch(const Vma& vma, std::uint64_t address, bool may_wait);

private:
  VmaTable& table_;
  TableLock& lock_;
  Filler& filler_;
  UffdCalls uffd_;
  Resolver resolver_;
  MapAhead ahead_{table_, lock_, resolver_};
};

} // namespace daxemu::fault
