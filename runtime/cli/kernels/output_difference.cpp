#include "runtime/cli/kernels/output_difference.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>
#include <regex.h>

namespace daxemu::cli {
namespace {

// The lines of a text, one after the other, without those that are ignored.
class Lines {
public:
  Lines(std::string_view text, const IgnoredLines& ignored) : rest_(text), ignored_(ignored) {}

  NumberedLine next() {
    while (!rest_.empty()) {
      ++number_;
      const std::size_t end = rest_.find('\n');
      const std::string_view line = rest_.substr(0, end);
      rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
      if (!ignored_.matches(line)) {
        return {number_, std::string(line)};
      }
    }
    return {number_ + 1, std::nullopt};
  }

private:
  std::string_view rest_;
  const IgnoredLines& ignored_;
  std::uint64_t number_ = 0;
};

// Its whole lines, where only the beginning of it was kept.
std::string_view lines_of(const Output& output) {
  const std::string_view text = output.text;
  return output.whole ? text : text.substr(0, text.rfind('\n') + 1); // npos + 1 is 0
}

std::optional<Difference> difference_of(const char* stream, const Output& first, const Output& here,
                                        const IgnoredLines& ignored) {
  if (first.text == here.text) {
    return std::nullopt;
  }
  Lines firsts(lines_of(first), ignored);
  Lines heres(lines_of(here), ignored);
  while (true) {
    NumberedLine expected = firsts.next();
    NumberedLine found = heres.next();
    // Where only the beginning of a stream was kept, its end tells nothing.
    if ((!expected.text && !first.whole) || (!found.text && !here.whole)) {
      return std::nullopt;
    }
    if (expected.text != found.text) {
      return Difference{stream, std::move(expected), std::move(found)};
    }
    if (!expected.text) {
      return std::nullopt;
    }
  }
}

} // namespace

Outcome<IgnoredLines> IgnoredLines::of(std::string_view flag, const std::vector<std::string>& expressions) {
  IgnoredLines ignored;
  for (const std::string& expression : expressions) {
    auto* compiled = new regex_t;
    if (const int code = ::regcomp(compiled, expression.c_str(), REG_EXTENDED | REG_NOSUB); code != 0) {
      std::array<char, 200> said{};
      ::regerror(code, compiled, said.data(), said.size());
      delete compiled;
      return refuse(EINVAL, fmt::format("{} {} is no regular expression: {}", flag, expression, said.data()),
                    "give one that grep -E takes");
    }
    ignored.expressions_.push_back(compiled);
  }
  return ignored;
}

IgnoredLines::IgnoredLines(IgnoredLines&& other) noexcept : expressions_(std::exchange(other.expressions_, {})) {}

IgnoredLines& IgnoredLines::operator=(IgnoredLines&& other) noexcept {
  std::swap(expressions_, other.expressions_);
  return *this;
}

IgnoredLines::~IgnoredLines() {
  for (regex_t* expression : expressions_) {
    ::regfree(expression);
    delete expression;
  }
}

bool IgnoredLines::matches(std::string_view line) const {
  if (expressions_.empty()) {
    return false;
  }
  const std::string text(line); // regexec(3) wants its end marked
  for (const regex_t* expression : expressions_) {
    if (::regexec(expression, text.c_str(), 0, nullptr, 0) == 0) {
      return true;
    }
  }
  return false;
}

std::vector<Difference> first_differences(const Outputs& first, const Outputs& here, const IgnoredLines& ignored) {
  std::vector<Difference> all;
  for (auto& found : {difference_of("stdout", first.out, here.out, ignored),
                      difference_of("stderr", first.error, here.error, ignored)}) {
    if (found) {
      all.push_back(*found);
    }
  }
  return all;
}

} // namespace daxemu::cli
