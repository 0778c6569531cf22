#include "tests/conformance/ask/touch.hpp"

#include <csetjmp>
#include <csignal>
#include <cstring>

namespace conformance {
namespace {

sigjmp_buf g_back;
Touch* g_touch = nullptr;
const char* g_address = nullptr;

void on_signal(int signal, siginfo_t* info, void* /*context*/) {
  g_touch->signal = signal;
  g_touch->code = info->si_code;
  g_touch->offset = static_cast<const char*>(info->si_addr) - g_address;
  g_touch->lsb = info->si_addr_lsb;
  siglongjmp(g_back, 1);
}

// Handlers for as long as it lives: a touch that fails comes back to run().
class Handlers {
public:
  Handlers() {
    struct sigaction mine {};
    mine.sa_sigaction = on_signal;
    mine.sa_flags = SA_SIGINFO | SA_ONSTACK;
    ::sigaction(SIGBUS, &mine, &bus_);
    ::sigaction(SIGSEGV, &mine, &segv_);
  }
  ~Handlers() {
    ::sigaction(SIGBUS, &bus_, nullptr);
    ::sigaction(SIGSEGV, &segv_, nullptr);
  }
  Handlers(const Handlers&) = delete;
  Handlers& operator=(const Handlers&) = delete;

private:
  struct sigaction bus_ {};
  struct sigaction segv_ {};
};

// Actions live in static storage: automatic variables that change between sigsetjmp and siglongjmp are lost.
template <typename Action>
Touch run_handled(const void* address, const Action& action) {
  static Touch touch;
  touch = Touch{};
  g_touch = &touch;
  g_address = static_cast<const char*>(address);
  if (sigsetjmp(g_back, 1) == 0) {
    action(touch);
  }
  return touch;
}

Touch run(const void* address, const std::function<void(Touch&)>& action) {
  const Handlers handlers;
  return run_handled(address, action);
}

std::string code_name(int signal, int code) {
  if (code <= 0) {
    return std::to_string(code);
  }
  static const char* const bus[] = {"", "BUS_ADRALN", "BUS_ADRERR", "BUS_OBJERR", "BUS_MCEERR_AR", "BUS_MCEERR_AO"};
  static const char* const segv[] = {"", "SEGV_MAPERR", "SEGV_ACCERR"};
  if (signal == SIGBUS && code <= 5) {
    return bus[code];
  }
  if (signal == SIGSEGV && code <= 2) {
    return segv[code];
  }
  return std::to_string(code);
}

} // namespace

std::string Touch::text() const {
  if (ok()) {
    return "ok";
  }
  std::string text = (signal == SIGBUS ? "SIGBUS" : "SIGSEGV");
  text += " code=" + code_name(signal, code);
  if (signal == SIGBUS && (code == BUS_MCEERR_AR || code == BUS_MCEERR_AO)) {
    text += " lsb=" + std::to_string(lsb);
  }
  text += " addr=" + (offset == 0 ? std::string("exact") : std::to_string(offset));
  return text;
}

Touch load(const void* address) {
  return run(address, [address](Touch& touch) { touch.value = *static_cast<const volatile unsigned char*>(address); });
}

void load_each(const std::vector<const void*>& addresses, const std::function<void(const Touch&)>& told) {
  const Handlers handlers;
  for (const void* address : addresses) {
    told(run_handled(address,
                     [address](Touch& touch) { touch.value = *static_cast<const volatile unsigned char*>(address); }));
  }
}

Touch store(void* address, unsigned char value) {
  return run(address, [address, value](Touch&) { *static_cast<volatile unsigned char*>(address) = value; });
}

Touch guarded(const void* address, const std::function<void()>& action) {
  return run(address, [&action](Touch&) { action(); });
}

std::string load_text(const void* address, unsigned char value) {
  const Touch touch = load(address);
  return touch.ok() && touch.value != value ? "ok other-data" : touch.text();
}

std::string load_text(const void* address) {
  return load(address).text();
}

std::string store_text(void* address, unsigned char value) {
  return store(address, value).text();
}

std::string both_text(void* address, unsigned char value) {
  const std::string loaded = load_text(address, value);
  return loaded + "," + store_text(address, value);
}

} // namespace conformance
