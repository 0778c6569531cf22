// The variables of an environment whose names begin as ours do. A program's start asks for several, each of which
// getenv(3) looks for in all that there are.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace daxemu::preload {

class OwnVariables {
public:
  explicit OwnVariables(char* const* environment) noexcept;

  // Its value, or nullptr.
  [[nodiscard]] const char* find(std::string_view name) const noexcept;

private:
  static constexpr std::size_t kMost = 32;
  std::array<const char*, kMost> texts_;
  std::size_t count_ = 0;
};

} // namespace daxemu::preload
