// Who is told of a memory failure before touching it: prctl(2) PR_MCE_KILL, in another process that has the extent
// mapped.
#include <csignal>

#include <sys/prctl.h>
#include <unistd.h>

#include "tests/conformance/ask/bench.hpp"
#include "tests/conformance/ask/sysfs_tree.hpp"

namespace conformance {
namespace {

struct Policy {
  const char* name;
  int value; // -1: none is set
};

constexpr Policy kPolicies[] = {
    {"unset", -1}, {"default", PR_MCE_KILL_DEFAULT}, {"early", PR_MCE_KILL_EARLY}, {"late", PR_MCE_KILL_LATE}};

void set(int policy) {
  if (policy >= 0) {
    (void)::prctl(PR_MCE_KILL, PR_MCE_KILL_SET, policy, 0, 0);
  }
}

std::string advised(char* at) {
  long result = -1;
  const Touch touch = guarded(at, [&] { result = ::madvise(at, kPage, MADV_HWPOISON); });
  return touch.ok() ? said(result) : touch.text();
}

// A fresh device, and memory of its first extent that fails while `other` waits in another process.
std::string beside(const Device& d, const std::function<std::string(Partner&)>& other) {
  ::signal(SIGPIPE, SIG_IGN); // who was told may be gone when it is talked to
  (void)unbind(d);
  (void)bind(d);
  Partner partner(other);
  partner.wait_other();
  const View view = mapped(d);
  store(view.base, 1);
  const std::string result = advised(view.base);
  ::usleep(200000); // a signal may take a moment
  partner.signal_other();
  return line({"advice=" + result, "partner:", partner.join()});
}

// What the partner learns while it waits: "ok" is nothing.
std::string told(Partner& me, const View& view) {
  const Touch touch = guarded(view.base, [&] {
    me.signal_other();
    me.wait_other();
  });
  return "told=" + touch.text();
}

} // namespace

void add_early_kill_rows(Table& table) {
  for (const Policy& policy : kPolicies) {
    table.add_destructive(std::string("poison.policy=") + policy.name, [policy](const Device& d) {
      return beside(d, [&](Partner& me) {
        set(policy.value);
        const View view = mapped(d, 2);
        (void)load(view.base);
        const std::string text = told(me, view);
        return line({text, "load=" + load_text(view.base), "other-extent=" + load_text(view.base + d.align)});
      });
    });
  }
  table.add_destructive("poison.policy=early.untouched", [](const Device& d) {
    return beside(d, [&](Partner& me) {
      set(PR_MCE_KILL_EARLY);
      return told(me, mapped(d));
    });
  });
  table.add_destructive("poison.policy=early.another-extent-mapped", [](const Device& d) {
    return beside(d, [&](Partner& me) {
      set(PR_MCE_KILL_EARLY);
      const View view = mapped(d, 1, 1);
      (void)load(view.base);
      return told(me, view);
    });
  });
  table.add_destructive("poison.policy=early.unhandled-is-fatal", [](const Device& d) {
    return beside(d, [&](Partner& me) {
      set(PR_MCE_KILL_EARLY);
      const View view = mapped(d);
      (void)load(view.base);
      me.signal_other();
      me.wait_other();
      return std::string("lives");
    });
  });
  table.add_destructive("poison.policy=early.ignored", [](const Device& d) {
    return beside(d, [&](Partner& me) {
      set(PR_MCE_KILL_EARLY);
      const View view = mapped(d);
      (void)load(view.base);
      ::signal(SIGBUS, SIG_IGN);
      me.signal_other();
      me.wait_other();
      return std::string("lives");
    });
  });
  table.add_destructive("poison.policy=early.of-the-parent", [](const Device& d) {
    set(PR_MCE_KILL_EARLY); // a child has its parent's
    return beside(d, [&](Partner& me) {
      const View view = mapped(d);
      (void)load(view.base);
      return told(me, view);
    });
  });
}

} // namespace conformance
