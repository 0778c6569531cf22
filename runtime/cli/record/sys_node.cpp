#include "runtime/cli/record/sys_node.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <system_error>

namespace daxemu::cli {
namespace {

namespace fs = std::filesystem;

std::vector<std::uint32_t> numbers_of_name(const std::string& name) {
  std::vector<std::uint32_t> numbers;
  bool inside = false;
  for (const char digit : name) {
    const bool is_digit = digit >= '0' && digit <= '9';
    if (is_digit) {
      if (!inside) {
        numbers.push_back(0);
      }
      numbers.back() = numbers.back() * 10 + static_cast<std::uint32_t>(digit - '0');
    }
    inside = is_digit;
  }
  return numbers;
}

bool is_numbered(const std::string& name, const std::string& prefix) {
  return name.size() > prefix.size() && name.starts_with(prefix) && name[prefix.size()] != '.' &&
         name.find_first_not_of("0123456789.", prefix.size()) == std::string::npos;
}

} // namespace

bool SysNode::is_there() const {
  std::error_code none;
  return fs::is_directory(path_, none);
}

bool SysNode::has(const std::string& attribute) const {
  std::error_code none;
  return fs::exists(path_ / attribute, none);
}

std::optional<std::string> SysNode::text(const std::string& attribute) const {
  std::ifstream file(path_ / attribute);
  std::stringstream contents;
  if (!file || !(contents << file.rdbuf())) {
    return std::nullopt; // an empty attribute, too, says nothing
  }
  std::string text = contents.str();
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) {
    text.pop_back();
  }
  return text;
}

std::optional<std::uint64_t> SysNode::number(const std::string& attribute) const {
  const auto read = text(attribute);
  if (!read || read->empty() || read->front() == '-') {
    return std::nullopt;
  }
  char* end = nullptr;
  errno = 0;
  const std::uint64_t number = std::strtoull(read->c_str(), &end, 0);
  return errno == 0 && *end == '\0' ? std::optional(number) : std::nullopt;
}

std::optional<int> SysNode::signed_number(const std::string& attribute) const {
  const auto read = text(attribute);
  char* end = nullptr;
  const long number = read ? std::strtol(read->c_str(), &end, 10) : 0;
  return read && end != read->c_str() && *end == '\0' ? std::optional(static_cast<int>(number)) : std::nullopt;
}

std::optional<SysNode> SysNode::link(const std::string& name) const {
  std::error_code wrong;
  fs::path target = fs::canonical(path_ / name, wrong);
  return wrong ? std::nullopt : std::optional(SysNode(std::move(target)));
}

std::vector<SysNode> SysNode::children(const std::string& prefix) const {
  std::vector<SysNode> found;
  std::error_code wrong;
  for (fs::directory_iterator entry(path_, wrong), end; !wrong && entry != end; entry.increment(wrong)) {
    if (!is_numbered(entry->path().filename().string(), prefix)) {
      continue;
    }
    std::error_code gone;
    fs::path real = fs::canonical(entry->path(), gone);
    if (!gone && fs::is_directory(real, gone)) {
      found.emplace_back(std::move(real));
    }
  }
  std::sort(found.begin(), found.end(), [](const SysNode& one, const SysNode& other) {
    return numbers_of_name(one.name()) < numbers_of_name(other.name());
  });
  return found;
}

std::uint32_t number_of_name(const std::string& name) {
  const auto numbers = numbers_of_name(name);
  return numbers.empty() ? 0 : numbers.front();
}

std::uint32_t last_number_of_name(const std::string& name) {
  const auto numbers = numbers_of_name(name);
  return numbers.empty() ? 0 : numbers.back();
}

} // namespace daxemu::cli
