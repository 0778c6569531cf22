#include "tests/sequences/reach/reach.hpp"

#include "tests/conformance/ask/text.hpp"

namespace sequences::reach {

std::string moved(long count) {
  return count < 0 ? conformance::last_error() : "ok=" + std::to_string(count);
}

std::string sum_of(const char* bytes, std::size_t count) {
  unsigned sum = 1;
  for (std::size_t at = 0; at < count; ++at) {
    sum = sum * 31 + static_cast<unsigned char>(bytes[at]);
  }
  return std::to_string(sum % 65521);
}

std::optional<std::string> play(Stage& stage, const Call& call) {
  for (const auto part : {play_from_outside, play_request, play_space, play_told}) {
    if (auto outcome = part(stage, call)) {
      return outcome;
    }
  }
  return std::nullopt;
}

} // namespace sequences::reach
