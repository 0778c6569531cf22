// This process's mappings of emulated devices: what mmap(2) of /dev/daxX.Y and every later call on such a range does.
// The one place that knows them; the mmap, signal and fork hooks of runtime/preload forward to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "emu/base/result.hpp"
#include "emu/store/store.hpp"
#include "emu/trace/why.hpp"
#include "runtime/fault/devices/views.hpp"
#include "runtime/fault/engines/engine.hpp"
#include "runtime/fault/engines/watcher.hpp"
#include "runtime/fault/mappings/map_rules.hpp"
#include "runtime/fault/mappings/open_files.hpp"
#include "runtime/fault/mappings/reservation.hpp"
#include "runtime/fault/mappings/vma_table.hpp"
#include "runtime/fault/process/poison_hit.hpp"
#include "runtime/fault/touches/fault_server.hpp"

namespace daxemu::fault {

struct AdviceRule;

// What of a range one mapping has.
struct Piece {
  const DeviceView* view = nullptr;
  std::uint64_t start = 0; // address
  std::uint64_t end = 0;
  std::uint64_t offset = 0;      // of `start` from the device's start; may lie beyond its end
  std::uint32_t prot = 0;        // PROT_*
  std::uint64_t file_offset = 0; // vm_pgoff in bytes: another than `offset` where that is no multiple of an extent
};

// What an address of this process stands for.
struct Place {
  store::DeviceRecord* device = nullptr;
  ByteOffset offset;            // from the device's start; may lie beyond its end
  std::uint32_t prot = 0;       // PROT_* of the mapping
  bool may_write = false;       // VM_MAYWRITE
  std::uint64_t vma_start = 0;  // the mapping it is in
  std::uint64_t vma_length = 0; // bytes
};

// Beside PROT_*: what is present and may be written needs no other right (get_user_pages_fast looks at entries only).
inline constexpr int kPresentDoes = 1 << 30;

class AddressSpace {
public:
  explicit AddressSpace(const store::Store& store) : store_(&store) {}
  AddressSpace(const AddressSpace&) = delete;
  AddressSpace& operator=(const AddressSpace&) = delete;

  // mmap(2) of `fd`, which is open on `device` (dax_mmap, check_vma and dax_get_unmapped_area in drivers/dax/device.c).
  // Errors: EINVAL (private, unaligned), ENXIO (no driver bound), mmap(2)'s.
  [[nodiscard]] Result<void*> map(store::DeviceRecord& device, int fd, void* hint, std::size_t length, int prot,
                                  int flags, std::uint64_t offset);

  // Does [address, address + length) touch a mapping of ours? Lock-free; a few nanoseconds when there is none.
  [[nodiscard]] bool overlaps(const void* address, std::size_t length) const noexcept {
    const auto start = reinterpret_cast<std::uint64_t>(address);
    return table_.overlaps(start, start + length < start ? UINT64_MAX : start + length);
  }

  // The lowest piece of [start, end) that a mapping of ours has. Lock-free.
  [[nodiscard]] std::optional<Piece> first_piece(std::uint64_t start, std::uint64_t end) const noexcept;
  // The lowest mapping that has bytes in [start, end), with all that is known of it. Lock-free.
  [[nodiscard]] std::optional<Vma> mapping_in(std::uint64_t start, std::uint64_t end) const noexcept {
    return table_.first_from(start, end);
  }
  // Bytes of the extents of `vma` that have an entry in this process's page table.
  [[nodiscard]] std::uint64_t present_bytes(const Vma& vma) const noexcept;

  // Called on the watcher's thread whenever the platform has changed or somebody wants this process up to date: no
  // allocation, no function of the C library.
  void also_follow(void (*more)() noexcept) { also_follow_ = more; }

  // The mapping at `address`, if it is one of ours. Lock-free.
  [[nodiscard]] std::optional<Place> find(const void* address) const noexcept;

  // The calls below take any range, of ours and others; what is not ours is the kernel's as ever.

  // munmap(2). EINVAL if it would cut an extent (dev_dax_split).
  Result<void> unmap(void* address, std::size_t length);
  // mprotect(2); `pkey` of pkey_mprotect(2) or -1. EINVAL if it would cut an extent, EACCES if the descriptor was not
  // open for writing.
  Result<void> protect(void* address, std::size_t length, int prot, int pkey = -1);
  // mmap(2) of something else with MAP_FIXED over mappings of ours.
  Result<void*> map_foreign(void* address, std::size_t length, int prot, int flags, int fd, std::uint64_t offset);
  // Another call (shmat) is to replace the range, as mmap(2) does / has replaced it.
  [[nodiscard]] Result<void> can_replace(const void* address, std::size_t length);
  void replaced(const void* address, std::size_t length);

  // madvise(2). `hit` is set if MADV_HWPOISON hit an extent: then the calling thread is due a SIGBUS.
  Result<void> advise(void* address, std::size_t length, int advice, PoisonHit* hit);
  // mremap(2), also of other mappings onto ours.
  Result<void*> remap(void* old_address, std::size_t old_size, std::size_t new_size, int flags, void* new_address);
  // remap_file_pages(2) of a mapping of ours.
  Result<void> remap_pages(void* address, std::size_t size, int prot, std::size_t page_offset);
  // mseal(2), of kernels that have it. EINVAL if it would cut an extent, ENOMEM for a hole.
  Result<void> seal(void* address, std::size_t length, unsigned long flags);
  // mlock2(2). Errors: ENOMEM (a touch would be SIGBUS, or over the limit), EPERM.
  Result<void> lock_memory(const void* address, std::size_t length, int flags);
  // msync(2). EINVAL for MS_SYNC.
  Result<void> sync(void* address, std::size_t length, int flags);
  // mincore(2): extents this process has faulted in.
  Result<void> in_core(void* address, std::size_t length, unsigned char* vector);
  // mbind(2) of `policy` (Vma::policy), before the kernel is asked: EINVAL if it would cut an extent. What has the
  // policy already is passed over, as mbind_range does.
  Result<void> check_policy(const void* address, std::size_t length, std::uint32_t policy);
  // The kernel has done it: mappings split and merge.
  void note_policy(const void* address, std::size_t length, std::uint32_t policy);
  // mlockall(2) has been called with `flags`; munlockall(2): 0. Mappings of device-dax are never locked (mlock_fixup,
  // mmap_region), but extents are faulted in, those of later mappings too.
  void locked_all(int flags);
  // Whether the process is to have huge pages may have changed (PR_SET_THP_DISABLE).
  void follow_huge_pages();
  // The program may have changed /proc/self/coredump_filter.
  void follow_core_filter();
  // The process is about to end with a core dump, which nothing can stop: a mapping is one piece in it, as the kernel
  // dumps mappings, not what touches have made of it. The kernel serves what is touched until then.
  void prepare_core_dump();
  // The poisoned extent that made a touch of `address` a SIGBUS, if that was it. Async-signal-safe.
  [[nodiscard]] PoisonHit poison_at(const void* address) const noexcept;
  // The bytes of a failed extent are mapped for the touch of a line of it that is none of those that failed; and no
  // longer. False: it is no such extent (any more), or cannot be had. Async-signal-safe.
  [[nodiscard]] bool show_failed(const void* address);
  void hide_failed(const void* address);
  // Why a touch of `address` is SIGBUS: the rule by which it was refused. None: the address is not ours.
  // Async-signal-safe.
  [[nodiscard]] trace::Why why_sigbus(const void* address) const noexcept;
  // The same of the first extent in these bytes that cannot be touched: why a system call that was to do it is EFAULT.
  [[nodiscard]] trace::Why why_efault(const void* address, std::size_t length) const noexcept;
  // The inline engine: makes the extent at `address` present. False: not ours, or the touch is a SIGBUS.
  // Async-signal-safe.
  bool resolve(const void* address);

  // The kernel is about to read or write [address, address + length) for a system call: makes what is ours of it
  // present, as far as the kernel would come with one of the rights in `right` (PROT_*); with kPresentDoes what is
  // present needs none. False: it would not come to the end. Async-signal-safe.
  bool pretouch(const void* address, std::size_t length, int right) noexcept;

  // The kernel is about to get pages of it for reading (get_user_pages_fast), which takes what is present and only
  // writable, too: has the kernel that runs us find those pages, which has fewer of them than the extents have.
  void find_writable(const void* address, std::size_t length) noexcept;

  // Faults the extents of [address, address + length) in as GUP would, whatever the engine. Errors: EFAULT (a touch
  // would be SIGBUS), ENOMEM (a byte is not mapped at all, or not ours).
  Result<void> prefault(std::uint64_t start, std::uint64_t end, bool forced = false);
  // As a debugger reaches memory (FOLL_FORCE), as far as that comes.
  void prefault_forced(const void* address, std::size_t length, bool writes);

  // Around fork(2) in a process with mappings of ours; the child goes on with its own engine.
  void before_fork();
  void after_fork_in_parent();
  void after_fork_in_child();

  [[nodiscard]] store::EngineKind engine() const { return engine_.kind(); }
  [[nodiscard]] const store::Store& store() const { return *store_; }
  // Of the kernel that is mirrored.
  [[nodiscard]] const Profile& profile() const { return store_->profile(); }
  // Operations of a plugin, for devices mapped from now on. They may use the C library: our threads are made for that.
  // Once, before anything is mapped.
  void use(const FolioHooks* hooks) {
    hooks_ = hooks;
    engine_.run_library_code();
    watcher_.run_library_code();
  }

private:
  // Everything that must exist before the first mapping does. Under the lock.
  Result<void> start(const store::DeviceRecord& device);
  Result<std::uint64_t> map_locked(store::DeviceRecord& device, int fd, const MapRequest& request, int open_flags);
  // What `request` makes at `address`, but for what the descriptor says.
  [[nodiscard]] Vma vma_of(const MapRequest& request, std::uint64_t address, DeviceView& view) const;
  Result<void> map_region(const MapRequest& request, const Vma& vma, Reservation& reserved);
  // The driver refuses [start, end) with `why`; if it `replaces` what is there, that has gone before.
  [[nodiscard]] Errno refuse_late(std::uint64_t start, std::uint64_t end, bool replaces, Errno why);
  // An address for the request: reserved memory, or what MAP_FIXED names (then the reservation is empty).
  Result<std::uint64_t> find_place(const MapRequest& request, std::uint64_t align, Reservation& reserved);
  Result<std::uint64_t> free_place(const MapRequest& request, std::uint64_t align, Reservation& reserved);
  [[nodiscard]] Result<std::uint64_t> highest_hole(std::uint64_t length, std::uint64_t align, int flags,
                                                   Reservation& reserved) const;
  // Maps the device's bytes and filler behind them at vma.start, has the engine watch it, remembers it.
  // `may_join`: a neighbour that differs in nothing may grow over it.
  Result<void> place(Vma vma, bool may_join);
  void adopt_all(const Vma& vma, std::uint64_t backed);
  // The device's bytes over [vma.start, vma.start + length), for nobody to touch yet where all that is mapped gets
  // locked.
  static Result<void> map_bytes(const Vma& vma, std::uint64_t length);
  // Makes the mappings follow what other processes changed (the watcher calls it).
  static void follow(void* self);
  void bury(const DeviceView& view);
  void dig_up(DeviceView& view);
  void hear_of_failures(DeviceView& view);
  std::uint64_t take_out_poison(DeviceView& view);
  // What is shown for other threads: for a child it would be for good. Under the lock.
  void hide_all_failed();
  void heal(DeviceView& view, std::uint64_t taken);
  Result<void> advise_one(const Vma& vma, std::uint64_t from, std::uint64_t to, const AdviceRule& rule);
  Result<void> change_flags(const Vma& vma, std::uint64_t from, std::uint64_t to, const AdviceRule& rule);
  void restore(Vma& vma);
  // The extents of `vma` may be faulted in again: what was refused has left filler.
  void allow_again(Vma& vma);
  void drop_extents(const Vma& vma, std::uint64_t from, std::uint64_t to);
  // Where the kernel serves touches itself: puts filler over what the mapping at `address` lacks if its advice forbids
  // to fault that in.
  void freeze(std::uint64_t address);
  // Does it forbid that of `vma`?
  [[nodiscard]] bool keeps_filler(const Vma& vma) const;
  Result<void> populate(std::uint64_t start, std::uint64_t end, int advice);
  Result<void> populate_others(std::uint64_t start, std::uint64_t end, int advice);
  Result<void> inject_failure(std::uint64_t start, std::uint64_t end, bool soft, PoisonHit* hit);
  Result<void> get_page(const Vma& vma, std::uint64_t address);
  // The mapping that a failure of the page at `index` of the device's file (bytes) is told of. Under the lock.
  [[nodiscard]] PoisonHit first_hit(const DeviceView& view, std::uint64_t index) const;
  void unmap_everywhere(const DeviceView& view, std::uint64_t index);
  // The parts of mremap(2), named as in the kernel (remap.cpp).
  struct Remap;
  Result<void*> remap_to(Remap call);
  Result<void*> remap_in_place(const Remap& call);
  Result<void*> remap_others(const Remap& call);
  [[nodiscard]] static bool spans_several(const Remap& call);
  [[nodiscard]] static bool is_refused_late(const Remap& call);
  static Result<void*> ask_kernel_to_remap(const Remap& call);
  [[nodiscard]] std::optional<Errno> cannot_resize(const Remap& call) const;
  // Those of newer kernels (remap_several.cpp).
  [[nodiscard]] std::optional<Errno> cannot_remap(const Remap& call) const;
  struct NextMapping {
    std::uint64_t start = 0;
    std::uint64_t end = 0;
    bool ours = false;
  };
  [[nodiscard]] std::optional<NextMapping> next_mapping(std::uint64_t start, std::uint64_t end) const;
  Result<void*> remap_several(const Remap& call);
  Result<void> expand(const Vma& vma, std::uint64_t end);
  Result<void*> move(const Remap& call, std::uint64_t address, Reservation& reserved);
  // Part [from, to) of `vma` becomes what `like` is: a neighbour that is so already grows over it, which may put a
  // boundary anywhere; else it is split off, EINVAL if that would cut an extent (mprotect_fixup, madvise_update_vma).
  Result<void> modify(const Vma& vma, std::uint64_t from, std::uint64_t to, const Vma& like);
  // After boundaries have moved in or at [start, end): mappings that begin and end with extents again can be faulted in
  // again, the others no longer; an extent across a boundary is taken out of the page table, if it is not one of 1G.
  void settle(std::uint64_t start, std::uint64_t end);
  void take_out(std::uint64_t head, std::uint64_t unit);
  // What changes a part of an entry of 1G takes all of it out: those that `start` or `end` cuts.
  void take_out_cut(std::uint64_t start, std::uint64_t end);
  // Where no userfaultfd refuses what may no longer be faulted in: filler over all of `vma` that has no entry.
  void refuse_untouched(const Vma& vma);
  // The same of the mapping that `start` is in now, if nothing can be faulted in there: what was joined, on either
  // side, may have been whole.
  void refuse_joined(std::uint64_t start);
  Result<void> protect_one(const Vma& vma, std::uint64_t from, std::uint64_t to, std::uint32_t prot, int pkey);
  Result<void> unmap_range(std::uint64_t start, std::uint64_t end);
  [[nodiscard]] bool may_split(std::uint64_t at) const;
  Result<void> split(std::uint64_t at);
  // What is said to a call that would cut the extent around `at`, or change what is sealed.
  [[nodiscard]] tl::unexpected<Errno> refuse_cut(std::uint64_t at) const;
  [[nodiscard]] static tl::unexpected<Errno> refuse_sealed();
  Result<void> cut(std::uint64_t start, std::uint64_t end);
  // Is there an entry for the extent of `vma` at `address` in the page table? One of 1G may be shared by neighbours.
  [[nodiscard]] bool is_present(const Vma& vma, std::uint64_t address) const;
  // Does a boundary at `start` or `end` fall inside an extent of ours?
  [[nodiscard]] bool cuts(std::uint64_t start, std::uint64_t end) const;
  // Is some mapping in [start, end) sealed?
  [[nodiscard]] bool is_sealed(std::uint64_t start, std::uint64_t end) const;
  // What mmap(2) says where cut() said `why`.
  [[nodiscard]] Errno not_replaced(Errno why) const;
  // Takes [start, end) out of the table; the kernel has unmapped it already.
  void drop(std::uint64_t start, std::uint64_t end);
  // Bytes begin to end of the device are no longer mapped by the mapping that starts at `but` (0: it is gone).
  void forget_extents(DeviceView& view, std::uint64_t begin, std::uint64_t end, std::uint64_t but);

  const store::Store* store_;
  TableLock lock_;
  VmaTable table_;
  Filler filler_;
  OpenFiles files_;
  Views views_;
  FaultServer server_{table_, lock_, filler_};
  Engine engine_{server_};
  Watcher watcher_{*store_, follow, this};
  void (*also_follow_)() noexcept = nullptr;
  const FolioHooks* hooks_ = nullptr;
  // An extent was mapped twice once: what counts as faulted in may since have been so by a mapping that is gone.
  std::atomic<bool> shown_twice_{false};
  std::atomic<bool> shows_failed_{false}; // show_failed() was called once
  std::uint64_t fork_mask_ = 0;           // guarded by the lock, which is held over fork
};

} // namespace daxemu::fault
