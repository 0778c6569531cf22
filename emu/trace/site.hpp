// Where in a program's code something came from: code addresses, on demand, with the modules they lie in, so that
// `daxemu trace --symbols` can name them after the program has ended. Async-signal-safe, and nothing is allocated.
#pragma once

#include <atomic>
#include <cstdint>

#include <sys/types.h>

namespace daxemu::trace {

// The environment variable by which sites are asked for (any value).
inline constexpr const char* kSitesVariable = "DAXEMU_TRACE_SITES";

namespace detail {
inline constinit std::atomic<bool> sites{false};
__attribute__((tls_model("initial-exec"))) inline thread_local constinit std::uint64_t call_site = 0;
__attribute__((tls_model("initial-exec"))) inline thread_local constinit const char* call_name = nullptr;
} // namespace detail

inline void want_sites(bool wanted) {
  detail::sites.store(wanted, std::memory_order_relaxed);
}
[[nodiscard]] inline bool sites() {
  return detail::sites.load(std::memory_order_relaxed);
}

// `address` as an event's site, its module noted the first time; 0 if sites are off, or it lies in no module.
[[nodiscard]] std::uint64_t site(std::uint64_t address);

// Where thread `tid` of this process, which waits in a page fault, touched; as site(). 0 also where /proc does not
// tell.
[[nodiscard]] std::uint64_t site_of_waiting(pid_t tid);

// For as long as it lives, call_site() is the code that called an interposed function: `address` is its return address;
// `name` is the function's (call_name()).
class CallSite {
public:
  explicit CallSite(const void* address, const char* name = nullptr) : outer_(detail::call_site) {
    if (outer_ == 0) { // what the program called, not what we call on its behalf
      detail::call_site = reinterpret_cast<std::uint64_t>(address);
      detail::call_name = name;
    }
  }
  ~CallSite() {
    detail::call_site = outer_;
    detail::call_name = outer_ == 0 ? nullptr : detail::call_name;
  }
  CallSite(const CallSite&) = delete;
  CallSite& operator=(const CallSite&) = delete;

private:
  std::uint64_t outer_;
};
[[nodiscard]] inline std::uint64_t call_site() {
  return sites() ? site(detail::call_site) : 0;
}
[[nodiscard]] inline const char* call_name() {
  return detail::call_name;
}

} // namespace daxemu::trace
