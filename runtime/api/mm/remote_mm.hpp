// Another process's mappings of the platform's devices, as /proc shows them now: what pin_user_pages_remote walks.
#pragma once

#include <vector>

#include <sys/types.h>

#include "emu/gup/address_space_view.hpp"
#include "emu/mm/mem_map.hpp"
#include "emu/store/store.hpp"

namespace daxemu::api {

class RemoteMm final : public gup::AddressSpaceView {
public:
  // Of process `pid`. Errors: ESRCH (no such process), EPERM (its mappings may not be looked at: ptrace's rules).
  [[nodiscard]] static Result<RemoteMm> of(pid_t pid, const store::Store& store, const mm::MemMap& map);

  // A shared mapping's extents count as present once anybody has touched them: the other's page tables are its own.
  [[nodiscard]] gup::Entry lookup(std::uint64_t address, std::uint64_t wanted) const override;
  // The mappings are those of the moment of(): whatever changes later has happened after the call.
  [[nodiscard]] std::uint64_t sequence() const override { return 0; }
  Result<void> fault(std::uint64_t address, bool write) override;
  // Memory that only a driver of this process can move: EBUSY.
  Result<void> migrate_to_ram(std::uint64_t) override { return fail(EBUSY); }
  void lock_shared() override {}
  void unlock_shared() override {}

private:
  struct Vma {
    std::uint64_t start = 0;
    std::uint64_t end = 0;
    std::uint64_t pgoff = 0; // page of the device at `start`
    std::uint32_t rights = 0;
    mm::DevicePages* device = nullptr; // nullptr: memory of no device of ours
  };
  [[nodiscard]] const Vma* find(std::uint64_t address) const;

  std::vector<Vma> vmas_; // by start
};

} // namespace daxemu::api
