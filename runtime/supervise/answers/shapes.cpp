#include "runtime/supervise/answers/shapes.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>

#include "runtime/calls/tables.hpp"

namespace daxemu::supervise {
namespace {

constexpr int number_of(std::string_view name) {
  const auto* found = std::find_if(std::begin(calls::kCalls), std::end(calls::kCalls),
                                   [name](const auto& row) { return row.name == name; });
  return found->number; // a row that is not there does not compile
}

constexpr Shape kShapes[] = {
#define DAXEMU_OUTSIDE(name, told, by, arguments) {number_of(#name), Told::told, By::by, arguments},
#include "runtime/calls/every_call.def"
};

constexpr std::size_t kNumbers = 512; // of system calls, and more
constexpr auto kByNumber = [] {
  std::array<std::uint8_t, kNumbers> index{}; // 0: none, else one more
  for (std::size_t at = 0; at < std::size(kShapes); ++at) {
    index[static_cast<std::size_t>(kShapes[at].number)] = static_cast<std::uint8_t>(at + 1);
  }
  return index;
}();
static_assert(std::size(kShapes) < UINT8_MAX);

} // namespace

std::span<const Shape> shapes() {
  return kShapes;
}

const Shape* shape_of(int number) {
  const auto at = static_cast<std::size_t>(number);
  return at < kNumbers && kByNumber[at] != 0 ? &kShapes[kByNumber[at] - 1] : nullptr;
}

} // namespace daxemu::supervise
