#include "tests/conformance/ask/text.hpp"

#include <cstring>

namespace conformance {

std::string error_name(int error) {
  const char* name = ::strerrorname_np(error);
  return "errno=" + (name == nullptr ? std::to_string(error) : std::string(name));
}

std::string last_error() {
  return error_name(errno);
}

std::string said(long result) {
  if (result < 0) {
    return last_error();
  }
  return result == 0 ? "ok" : "ok=" + std::to_string(result);
}

std::string said_ok(long result) {
  return result < 0 ? last_error() : "ok";
}

std::string returned(int error_code) {
  if (error_code == 0) {
    return "ok";
  }
  return error_name(error_code < 0 ? -error_code : error_code);
}

std::string line(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) {
    text += (text.empty() || part.empty() ? "" : " ") + part;
  }
  return text;
}

std::string in_extents(std::int64_t bytes, const Device& device) {
  if (bytes < 0) {
    return "-" + in_extents(-bytes, device);
  }
  const auto value = static_cast<std::uint64_t>(bytes);
  if (value == 0) {
    return "0";
  }
  if (value == device.size) {
    return "size";
  }
  const std::uint64_t whole = value / device.align;
  const std::uint64_t rest = value % device.align;
  if (value + device.align == device.size && whole > 4) {
    return "size-1A";
  }
  std::string text = whole == 0 ? "" : std::to_string(whole) + "A";
  if (rest != 0) {
    text += (text.empty() ? "" : "+") + std::to_string(rest);
  }
  return text;
}

} // namespace conformance
