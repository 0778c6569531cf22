#include "runtime/cli/plan/flag_values.hpp"

#include <charconv>

#include <fmt/format.h>

#include "emu/base/text/size_text.hpp"
#include "runtime/cli/plan/platform_plan.hpp"

namespace daxemu::cli {
namespace {

// The size a person may have meant by "1.5G", "4 G" or "1,024M"; empty if none.
std::string nearest_size(std::string text) {
  std::erase_if(text, [](char c) { return c == ' ' || c == ',' || c == '_'; });
  if (const auto bytes = parse_size(text)) {
    return size_text(*bytes);
  }
  double number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto unit = parse_size("1" + std::string(rest));
  if (error != std::errc() || !unit || !(number > 0) || number * static_cast<double>(*unit) > 9e18) {
    return "";
  }
  return size_text(static_cast<std::uint64_t>(number * static_cast<double>(*unit)));
}

} // namespace

Outcome<std::optional<std::uint64_t>> size_of_flag(const char* flag, const std::string& text) {
  if (text.empty()) {
    return std::optional<std::uint64_t>();
  }
  const auto bytes = parse_size(text);
  if (!bytes) {
    const char* fault = bytes.error() == Errno{ERANGE} ? "more than a file can hold" : "no size";
    const std::string near = nearest_size(text);
    return refuse(EINVAL, fmt::format("{} {} is {}", flag, text, fault),
                  (near.empty() ? "" : fmt::format("did you mean {}? ", near)) +
                      "give a number with K, M, G or T, such as 2M or 4G");
  }
  return std::optional<std::uint64_t>(*bytes);
}

Outcome<std::optional<std::chrono::seconds>> seconds_of_flag(const char* flag, const std::string& text) {
  if (text.empty()) {
    return std::optional<std::chrono::seconds>();
  }
  constexpr unsigned kMost = 86400;
  unsigned number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || rest != text.data() + text.size() || number > kMost) {
    return refuse(EINVAL, fmt::format("{} {} is no number of seconds", flag, text),
                  fmt::format("use a whole number up to {}, without a unit, such as 30; 0: never", kMost));
  }
  return std::optional(std::chrono::seconds(number));
}

Outcome<std::optional<int>> node_of_flag(const std::string& text) {
  if (text.empty()) {
    return std::optional<int>();
  }
  if (text == "none") {
    return std::optional<int>(kNoNode);
  }
  int number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || rest != text.data() + text.size() || number < 0) {
    return refuse(EINVAL, fmt::format("--numa-node {} is no node number", text),
                  "use none, or one of the nodes that daxemu doctor lists");
  }
  return std::optional<int>(number);
}

} // namespace daxemu::cli
