// Names for code addresses of processes that have ended: function, file and line, from the modules that a trace noted.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "emu/trace/event.hpp"

namespace daxemu::cli {

class Symbols {
public:
  Symbols() = default;
  // The modules are those of `events`.
  explicit Symbols(const std::vector<trace::Event>& events);
  // One more: it is passed over if it tells of no module.
  void note(const trace::Event& event);
  ~Symbols();
  Symbols(const Symbols&) = delete;
  Symbols& operator=(const Symbols&) = delete;

  // "touch_all (app.c:42)", "memset in libc.so.6", "app+0x1234"; empty if nothing is known of the address.
  [[nodiscard]] std::string name_of(std::int32_t pid, std::uint64_t address);

private:
  struct Module {
    std::uint64_t start = 0;
    std::uint64_t end = 0;
    std::uint64_t bias = 0;
    std::string path;
  };
  class Reader; // of one file's symbols

  [[nodiscard]] const Module* module_of(std::int32_t pid, std::uint64_t address) const;

  std::multimap<std::int32_t, Module> modules_; // by process
  std::map<std::string, std::unique_ptr<Reader>> readers_;
  std::map<std::pair<std::string, std::uint64_t>, std::string> names_; // answers given
};

} // namespace daxemu::cli
