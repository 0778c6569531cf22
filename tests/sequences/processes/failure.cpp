#include "tests/sequences/processes/failure.hpp"

#include <algorithm>

#include <sys/mman.h>
#include <sys/prctl.h>

#include "tests/conformance/ask/sysfs_tree.hpp"
#include "tests/conformance/ask/text.hpp"
#include "tests/conformance/ask/touch.hpp"
#include "tests/sequences/memory/memory.hpp"
#include "tests/sequences/processes/processes.hpp"

namespace sequences::failure {
namespace {

constexpr int kSoftOffline = 101;

void fail_pages(Making& making) {
  static const Weighted places[] = {{"0A", 5},   {"1A", 5},   {"2A", 4},   {"3A", 2},
                                    {"1A+H", 2}, {"0A+P", 2}, {"3A-P", 1}, {"6A", 1}};
  static const Weighted lengths[] = {{"P", 8}, {"1A", 3}, {"2A", 2}, {"2P", 1}, {"0", 1}, {"8B", 1}};
  static const Weighted how[] = {{"hard", 9}, {"soft", 2}};
  making.add("fail", {pick(making.random, places), pick(making.random, lengths), pick(making.random, how)});
}

void early(Making& making) {
  static const Weighted how[] = {{"early", 4}, {"late", 2}, {"default", 2}, {"get", 2}};
  making.add("early-kill", {pick(making.random, how)});
}

void unbind(Making& making) {
  making.add("unbind", {});
}

// Anonymous memory and files that are failed would be lost to the machine: what is failed is the device's or nothing.
std::string fail(Stage& stage, const Call& call) {
  char* at = stage.at(call.word(0));
  const std::uint64_t length = stage.units.bytes(call.word(1));
  if (!memory::all_device(stage, at, length)) {
    return "left out";
  }
  long result = -1;
  const conformance::Touch touch = conformance::guarded(
      at, [&] { result = ::madvise(at, length, call.word(2) == "hard" ? MADV_HWPOISON : kSoftOffline); });
  return touch.ok() ? conformance::said(result) : touch.text();
}

std::string policy(Stage& /*stage*/, const Call& call) {
  const std::string& how = call.word(0);
  if (how == "get") {
    return conformance::said(::prctl(PR_MCE_KILL_GET, 0, 0, 0, 0));
  }
  const unsigned long kind = how == "early"  ? PR_MCE_KILL_EARLY
                             : how == "late" ? PR_MCE_KILL_LATE
                                             : PR_MCE_KILL_DEFAULT;
  return conformance::said(::prctl(PR_MCE_KILL, PR_MCE_KILL_SET, kind, 0, 0));
}

std::string take_driver(Stage& stage, const Call& /*call*/) {
  return conformance::unbind(*stage.device);
}

} // namespace

bool concerns(const Call& call) {
  return call.name == "fail" || call.name == "unbind" || call.name == "early-kill";
}

void renew(const conformance::Device& device) {
  if (conformance::bound(device)) {
    (void)conformance::unbind(device);
  }
  (void)conformance::bind(device);
}

void add_call(Making& making) {
  static const Choice table[] = {
      {fail_pages, 14}, {early, 3}, {unbind, 2}, {memory::add_call, 40}, {processes::add_call, 30}};
  if (making.calls.size() < 3) {
    processes::add_call(making);
    return;
  }
  choose(making, table);
}

void add_state(Making& making, bool all) {
  processes::add_state(making, all);
}

std::optional<std::string> play(Stage& stage, const Call& call) {
  static const struct {
    const char* name;
    std::string (*play)(Stage&, const Call&);
  } table[] = {{"fail", fail}, {"early-kill", policy}, {"unbind", take_driver}};
  for (const auto& one : table) {
    if (call.name == one.name) {
      return one.play(stage, call);
    }
  }
  return std::nullopt;
}

} // namespace sequences::failure
