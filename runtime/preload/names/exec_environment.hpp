// What a program has to find in its environment to go on seeing the platform: LD_PRELOAD with this library and the
// DAXEMU variables. Programs that give their children an environment of their own (env -i, sudo-like launchers) drop
// them; they are put back.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace daxemu::preload {

class ExecEnvironment {
public:
  ExecEnvironment() = default;
  ExecEnvironment(const ExecEnvironment&) = delete;
  ExecEnvironment& operator=(const ExecEnvironment&) = delete;
  ~ExecEnvironment();

  // Remembers this process's variables. `library` is the path of this library as the loader knows it, and stays there.
  void remember(char** environment, const char* library);

  // How large the tables for with() must be at most.
  struct Size {
    std::size_t pointers = 0;
    std::size_t text = 0;
  };
  [[nodiscard]] Size size_for(char* const* environment) const noexcept;

  // The environment a child is to get: `environment` itself where it is complete, else one built in `pointers` and
  // `text`. `directory` is where relative paths begin if that is emulated, else empty. No allocation: it runs in
  // vforked children too.
  [[nodiscard]] char* const* with(char* const* environment, std::string_view directory, char** pointers,
                                  char* text) const noexcept;

private:
  static constexpr std::size_t kMost = 16;
  static constexpr std::size_t kUsualTexts = 512; // bytes; what is more takes memory of its own
  struct Variable {
    const char* text = nullptr; // NAME=value, for as long as the process lives
    std::size_t name_length = 0;
  };
  std::array<Variable, kMost> kept_{}; // [0] is LD_PRELOAD
  std::size_t count_ = 0;
  const char* library_ = "";
  std::array<char, kUsualTexts> texts_;
  std::size_t texts_used_ = 0;

  [[nodiscard]] bool is_near(const char* text) const; // in texts_?
  const char* copy_of(const char* text);
};

} // namespace daxemu::preload
