// What is said of ranges and of the whole process.
#include "tests/sequences/reach/reach.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <linux/mempolicy.h>
#include <linux/prctl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/conformance/ask/sysfs_tree.hpp"
#include "tests/conformance/ask/text.hpp"
#include "tests/conformance/ask/touch.hpp"
#include "tests/sequences/buses/bus.hpp"
#include "tests/sequences/memory/memory.hpp"
#include "tests/sequences/memory/memory_words.hpp"
#include "tests/sequences/tree.hpp"

namespace sequences::reach {
namespace {

using conformance::last_error;
using conformance::said;

constexpr long kSeal = 462; // mseal(2), by its number: older headers have no name

struct Range {
  char* at;
  std::uint64_t length;
};

Range range_of(const Stage& stage, const Call& call) {
  return {stage.at(call.word(0)), stage.units.bytes(call.word(1))};
}

std::string fill(Stage& stage, const Call& call) {
  const Range range = range_of(stage, call);
  const int value = std::stoi(call.word(2));
  // Around the places that are looked at, for a whole extent may be large; upwards, as far as it goes.
  const std::uint64_t step = std::max<std::uint64_t>(stage.units.half() / 8, kPage);
  std::uint64_t done = 0;
  const conformance::Touch touch = conformance::guarded(range.at, [&] {
    for (; done < range.length; done += step) {
      *reinterpret_cast<volatile char*>(range.at + done) = static_cast<char>(value);
    }
  });
  return touch.ok() ? "ok" : stage.units.text(done) + " " + touch.text();
}

// An instruction of the program's own making: it returns.
std::string run(Stage& stage, const Call& call) {
  char* at = stage.at(call.word(0));
  const std::string stored = conformance::store_text(at, 0xc3);
  if (stored != "ok") {
    return "store " + stored;
  }
  const conformance::Touch touch = conformance::guarded(at, [&] { reinterpret_cast<void (*)()>(at)(); });
  return touch.ok() ? "ok" : touch.text();
}

std::string lock_all(Stage& /*stage*/, const Call& call) {
  const std::string& how = call.word(0);
  if (how == "none") {
    return said(::munlockall());
  }
  const auto has = [&how](const char* word) { return how.find(word) != std::string::npos; };
  return said(::mlockall((has("current") ? MCL_CURRENT : 0) | (has("future") ? MCL_FUTURE : 0) |
                         (has("onfault") ? MCL_ONFAULT : 0)));
}

std::string watch(Stage& stage, const Call& call) {
  const Range range = range_of(stage, call);
  const int faults = static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK));
  if (faults < 0) {
    return "uffd " + last_error();
  }
  uffdio_api api = {};
  api.api = UFFD_API;
  std::string text;
  if (::ioctl(faults, UFFDIO_API, &api) != 0) {
    text = "api " + last_error();
  } else {
    uffdio_register wanted = {};
    wanted.range = {reinterpret_cast<std::uint64_t>(range.at), range.length};
    const std::string& mode = call.word(2);
    wanted.mode = mode == "missing" ? UFFDIO_REGISTER_MODE_MISSING
                  : mode == "wp"    ? UFFDIO_REGISTER_MODE_WP
                                    : UFFDIO_REGISTER_MODE_MINOR;
    text = said(::ioctl(faults, UFFDIO_REGISTER, &wanted));
  }
  ::close(faults);
  return text;
}

std::string seal(Stage& stage, const Call& call) {
  const Range range = range_of(stage, call);
  if (range.length == 0 ||
      !memory::all_device(stage, range.at, range.length)) { // of others' memory it is the machine's
    return "left out";
  }
  return said(::syscall(kSeal, range.at, range.length, 0));
}

// MADV_GUARD_INSTALL, MADV_GUARD_REMOVE: of others' memory the machine's, too.
std::string guard(Stage& stage, const Call& call) {
  const Range range = range_of(stage, call);
  if (range.length == 0 || !memory::all_device(stage, range.at, range.length)) {
    return "left out";
  }
  return said(::madvise(range.at, range.length, std::stoi(call.word(2))));
}

std::string protect(Stage& stage, const Call& call) {
  const Range range = range_of(stage, call);
  return said(::syscall(SYS_pkey_mprotect, range.at, range.length, prot_of(call.word(2)), -1));
}

std::string name(Stage& stage, const Call& call) {
  const Range range = range_of(stage, call);
  return said(
      ::prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, range.at, range.length, call.word(2) == "-" ? nullptr : "sequences"));
}

std::string policy(Stage& stage, const Call& call) {
  const Range range = range_of(stage, call);
  const std::string& how = call.word(2);
  const unsigned long nodes = 1;
  const int mode = how == "bind" ? MPOL_BIND : how == "interleave" ? MPOL_INTERLEAVE : MPOL_DEFAULT;
  return said(::syscall(SYS_mbind, range.at, range.length, mode, mode == MPOL_DEFAULT ? nullptr : &nodes,
                        mode == MPOL_DEFAULT ? 0UL : 64UL, 0));
}

std::string policy_at(Stage& stage, const Call& call) {
  int mode = -1;
  const bool node = call.name == "node-at";
  const long result = ::syscall(SYS_get_mempolicy, &mode, nullptr, 0, stage.at(call.word(0)),
                                node ? MPOL_F_ADDR | MPOL_F_NODE : MPOL_F_ADDR);
  return result != 0 ? last_error() : "=" + std::to_string(mode);
}

std::string move_pages(Stage& stage, const Call& call) {
  void* page = stage.at(call.word(0));
  if (!memory::all_device(stage, page, 1)) { // kernels have several words for where nothing is
    return "left out";
  }
  int status = 77;
  const long result = ::syscall(SYS_move_pages, 0, 1UL, &page, nullptr, &status, 0);
  return result != 0 ? last_error() : status < 0 ? conformance::error_name(-status) : "=" + std::to_string(status);
}

std::string advise_process(Stage& stage, const Call& call) {
  const Range range = range_of(stage, call);
  if (range.length == 0 || !memory::all_device(stage, range.at, range.length)) { // what newer kernels take of one's own
    return "left out";
  }
  const iovec piece = {range.at, range.length};
  const int self = static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0));
  const std::string text = moved(::syscall(SYS_process_madvise, self, &piece, 1UL, advice_of(call.word(2)), 0));
  ::close(self);
  return text;
}

std::string huge_off(Stage& /*stage*/, const Call& call) {
  return said(::prctl(PR_SET_THP_DISABLE, call.word(0) == "1" ? 1UL : 0UL, 0UL, 0UL, 0UL));
}

std::string read_implies_exec(Stage& /*stage*/, const Call& call) {
  const int now = ::personality(0xffffffff);
  return ::personality(
             static_cast<unsigned long>(call.word(0) == "1" ? now | READ_IMPLIES_EXEC : now & ~READ_IMPLIES_EXEC)) < 0
             ? last_error()
             : "ok";
}

std::string clear_refs(Stage& /*stage*/, const Call& call) {
  const int file = ::open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
  const std::string text = moved(::write(file, call.word(0).data(), 1));
  ::close(file);
  return text;
}

// A segment of an extent, or of some pages where that is large; it goes with its last attachment.
std::string attach(Stage& stage, const Call& call) {
  const int segment = ::shmget(IPC_PRIVATE, std::min<std::uint64_t>(stage.units.extent, 512 * kPage), IPC_CREAT | 0600);
  const std::string& how = call.word(1);
  void* at = ::shmat(segment, stage.at(call.word(0)), how == "remap" ? SHM_REMAP : how == "round" ? SHM_RND : 0);
  std::string text = at == reinterpret_cast<void*>(-1) ? last_error() : stage.place(at);
  ::shmctl(segment, IPC_RMID, nullptr);
  return text;
}

std::string attribute(Stage& stage, const Call& call) {
  const conformance::Device& device = *stage.device;
  const std::string& place = call.word(0);
  const std::string path = (place == "region" ? device.region
                            : place == "d0"   ? bus::folder_of(device, place)
                                              : conformance::kDriver) +
                           "/" + call.word(1);
  const std::string& word = call.word(2);
  if (word == "?") {
    return conformance::value_text(path, device);
  }
  return tree::put(path, word == "d0"     ? bus::named(device, word)
                         : word[0] == '=' ? word.substr(1)
                                          : std::to_string(stage.units.bytes(word)));
}

std::string detach(Stage& stage, const Call& call) {
  return said(::shmdt(stage.at(call.word(0))));
}

} // namespace

std::optional<std::string> play_space(Stage& stage, const Call& call) {
  static const struct {
    const char* name;
    std::string (*play)(Stage&, const Call&);
  } table[] = {{"fill", fill},
               {"run", run},
               {"lock-all", lock_all},
               {"uffd", watch},
               {"seal", seal},
               {"guard", guard},
               {"pkey-protect", protect},
               {"name", name},
               {"policy", policy},
               {"policy-at", policy_at},
               {"node-at", policy_at},
               {"move-pages", move_pages},
               {"advise-process", advise_process},
               {"huge-off", huge_off},
               {"read-implies-exec", read_implies_exec},
               {"clear-refs", clear_refs},
               {"attach", attach},
               {"detach", detach},
               {"attribute", attribute}};
  for (const auto& one : table) {
    if (call.name == one.name) {
      return one.play(stage, call);
    }
  }
  return std::nullopt;
}

} // namespace sequences::reach
