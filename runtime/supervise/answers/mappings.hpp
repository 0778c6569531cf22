// Mappings of devices in the program's memory: mmap(2) is checked here as device-dax does and then done by the program
// on the device's bytes; a later call on such a range may not cut an extent. Which mappings there are the kernel knows
// (/proc/PID/maps): nothing is noted, so nothing can be wrong after a fork, an exec or the end of a program.
// Touches are served by Spaces; where that is not possible by the kernel (engine `populate`): then an extent counts as
// touched when it is mapped.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "emu/base/kernel/unique_fd.hpp"
#include "runtime/fault/mappings/map_rules.hpp"
#include "runtime/preload/names/context.hpp"
#include "runtime/supervise/install/injection.hpp"
#include "runtime/supervise/install/listener.hpp"
#include "runtime/supervise/spaces/follower.hpp"
#include "runtime/supervise/spaces/piece.hpp"
#include "runtime/supervise/spaces/spaces.hpp"
#include "runtime/supervise/spaces/target.hpp"

namespace daxemu::supervise {

class Mappings {
public:
  Mappings(preload::Context& context, const Listener& listener, Devices& devices, Spaces& spaces, Follower& follower)
      : context_(&context), listener_(&listener), devices_(&devices), spaces_(&spaces), follower_(&follower) {}

  // mmap, munmap, mprotect, madvise, msync, mbind, mremap, mseal, mincore, move_pages.
  void answer(const Target& target, const Call& call);

  // Has any process ever mapped a device? Else files about memory say nothing of ours.
  [[nodiscard]] bool any() const { return !ranges_.empty(); }
  // Somebody reads the memory of the process past its own calls.
  void leave(pid_t process);
  // ioctl(2) of a userfaultfd: is it about a device?
  [[nodiscard]] bool refuses_userfault(const Target& target, std::uint64_t request, std::uint64_t argument);

private:
  [[nodiscard]] std::vector<Piece> pieces_in(const Target& target, std::uint64_t start, std::uint64_t end) const;
  // Would a boundary at `start` or `end` be inside an extent?
  [[nodiscard]] static bool cuts(const std::vector<Piece>& pieces, std::uint64_t start, std::uint64_t end);
  // What VmFlags of /proc/PID/smaps says of the mapping at `start`, as bits of Vma::flags. Device-dax asks for huge
  // pages.
  [[nodiscard]] static std::uint32_t flags_at(const Target& target, std::uint64_t start);

  [[nodiscard]] Result<long> map(const Target& target, const Call& call, store::DeviceRecord& device, int fd);
  // The address for it. Errors: ENOMEM.
  [[nodiscard]] Result<std::uint64_t> place_of(const Target& target, const fault::MapRequest& request,
                                               std::uint64_t align);
  [[nodiscard]] std::optional<std::uint64_t> place_behind(const Target& target, const fault::MapRequest& request,
                                                          std::uint64_t align);
  [[nodiscard]] Result<long> have_mapped(const Call& call, const fault::MapRequest& request, fault::DeviceView& view,
                                         std::uint64_t address, bool writable);
  // Answers mmap(2) that a driver refuses after what was there has gone.
  [[nodiscard]] Result<long> refuse_late(const Target& target, const Call& call, const fault::MapRequest& request,
                                         Errno why);
  [[nodiscard]] bool was_mapped(std::uint64_t start, std::uint64_t end) const;
  void note(std::uint64_t start, std::uint64_t end);
  // Those of [from, to) whose memory has failed.
  [[nodiscard]] static Follower::Drops failed_extents(const fault::DeviceView& view, std::uint64_t from,
                                                      std::uint64_t to);
  void adopt(fault::DeviceView& view, std::uint64_t from, std::uint64_t to);
  // The device's bytes, open for reading only or for both.
  [[nodiscard]] Result<int> bytes(const fault::DeviceView& view, bool writable);
  void change(const Target& target, const Call& call);
  // Nothing: the kernel may do it.
  [[nodiscard]] std::optional<Result<long>> advise(const Target& target, const Call& call,
                                                   const std::vector<Piece>& pieces);
  [[nodiscard]] Result<long> inject_failure(const Target& target, const Call& call, const std::vector<Piece>& pieces);
  [[nodiscard]] static bool covers(const std::vector<Piece>& pieces, std::uint64_t start, std::uint64_t end);
  [[nodiscard]] std::optional<Result<long>> remap(const Target& target, const Call& call,
                                                  const std::vector<Piece>& pieces);

  [[nodiscard]] std::optional<Result<long>> in_core(const Target& target, const Call& call,
                                                    const std::vector<Piece>& pieces);
  [[nodiscard]] std::optional<Result<long>> move_pages(const Target& target, const Call& call);
  // Is there a part of the VMA that begins `pieces` up to `end`, or more?
  [[nodiscard]] static bool is_one(const std::vector<Piece>& pieces, std::uint64_t end);

  [[nodiscard]] std::optional<Result<long>> misplace(const Target& target, const Call& call,
                                                     const std::vector<Piece>& pieces);
  // The program's number of an empty file.
  [[nodiscard]] Result<int> give_filler(const Call& call);

  [[nodiscard]] Result<long> move_aligned(const Target& target, const Call& call, const Piece& piece);

  preload::Context* context_;
  const Listener* listener_;
  Devices* devices_;
  Spaces* spaces_;
  Follower* follower_;
  std::map<const fault::DeviceView*, UniqueFd> read_only_;
  UniqueFd filler_; // an empty file: a touch is SIGBUS
  struct Range {
    std::uint64_t start = 0;
    std::uint64_t end = 0;
  };
  std::vector<Range> ranges_; // where a device has ever been mapped, in any process: elsewhere nobody looks
  struct Filled {
    pid_t process = 0;
    std::uint64_t end = 0; // 0: not known
  };
  Filled filled_;     // by whom the arena was searched last, and up to where it is full
  bool told_ = false; // that nothing can be mapped
};

} // namespace daxemu::supervise
