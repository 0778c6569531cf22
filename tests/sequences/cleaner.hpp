// Between sequences: the device's bytes are made zero again, by a process that stays for as long as nothing else has to
// be put back, for a fork that maps a device is a third of what a sequence costs.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "tests/conformance/ask/device.hpp"
#include "tests/sequences/script.hpp"

namespace sequences {

// How a child ended: empty if by itself. One that does not end in time is killed.
std::string end_of(pid_t child, int seconds);

class Cleaner {
public:
  Cleaner(const conformance::Device& device, int seconds) : device_(device), seconds_(seconds) {}
  ~Cleaner() { end(); }
  Cleaner(const Cleaner&) = delete;
  Cleaner& operator=(const Cleaner&) = delete;

  // As clean() of the stage. How it ended badly, if it did.
  std::string clean(const std::vector<Call>& before, const std::vector<Call>& next);

private:
  bool start();
  void end();

  const conformance::Device& device_;
  int seconds_;
  pid_t process_ = 0;
  int socket_ = -1;
};

} // namespace sequences
