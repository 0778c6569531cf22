// A variable of the C library of which the program may hold the only copy that counts (environ, stdout): found when it
// is first wanted, where the loader would find it. That takes no lock and no memory, and it spares every program that
// starts the loader's search, which is several times as long.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdio>

#include <dlfcn.h>

#include "emu/base/program/at_start.hpp"
#include "runtime/preload/ground/next_symbol.hpp"
#include "runtime/preload/ground/real.hpp"

namespace daxemu::preload {

template <SymbolName Name, class Value>
class ProgramVariable {
public:
  constexpr ProgramVariable() = default;

  [[nodiscard]] Value& operator*() const {
    Value* place = place_.load(std::memory_order_acquire);
    return place != nullptr ? *place : *look();
  }

private:
  static constexpr std::uint32_t kHash = symbol_hash(Name.text);

  DAXEMU_START_PATH Value* look() const {
    auto* place = static_cast<Value*>(NextSymbols::at_start().find_first(Name.text, kHash));
    if (place == nullptr) {
      place = static_cast<Value*>(::dlsym(RTLD_DEFAULT, Name.text)); // not to be looked up by us
    }
    place_.store(place, std::memory_order_release);
    return place;
  }

  mutable std::atomic<Value*> place_{nullptr};
};

// By the name that the C library itself goes by: a program may have an `environ` of its own.
extern constinit ProgramVariable<"__environ", char**> program_environment;
extern constinit ProgramVariable<"stdout", FILE*> program_output;

// As long as there is one, the C library has an environment: before it has one of its own (to what a program calls
// first of all, in .preinit_array, as the runtimes of sanitizers do), the one that the kernel has given the program,
// which it will have.
class EnvironmentAtStart {
public:
  EnvironmentAtStart() noexcept;
  ~EnvironmentAtStart();
  EnvironmentAtStart(const EnvironmentAtStart&) = delete;
  EnvironmentAtStart& operator=(const EnvironmentAtStart&) = delete;

private:
  bool lent_ = false;
};

} // namespace daxemu::preload
