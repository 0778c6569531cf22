// A load or a store that survives its signal and says which one it was.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace conformance {

struct Touch {
  int signal = 0; // 0: it went well
  int code = 0;
  int lsb = 0;
  std::ptrdiff_t offset = 0; // si_addr minus the address that was touched
  unsigned char value = 0;   // what a load found

  bool ok() const { return signal == 0; }
  // "ok", or "SIGBUS code=BUS_ADRERR addr=exact"; memory failures add si_addr_lsb.
  std::string text() const;
};

Touch load(const void* address);
// Of several places, with one handler for all.
void load_each(const std::vector<const void*>& addresses, const std::function<void(const Touch&)>& told);
Touch store(void* address, unsigned char value);
// `action` touches memory near `address` in some other way.
Touch guarded(const void* address, const std::function<void()>& action);

// "ok" where the byte holds `value`, "ok other-data" where it does not, else the signal.
std::string load_text(const void* address, unsigned char value);
std::string load_text(const void* address);
std::string store_text(void* address, unsigned char value = 0x5a);
// A load that wants `value`, then a store of it: "ok,ok".
std::string both_text(void* address, unsigned char value);

} // namespace conformance
