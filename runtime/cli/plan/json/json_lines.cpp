#include "runtime/cli/plan/json/json_lines.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace daxemu::cli {
namespace {

using Json = nlohmann::json;

// The text, counting the lines the parser has taken.
class Counting {
public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  Counting(const char* at, std::size_t* line) : at_(at), line_(line) {}
  reference operator*() const { return *at_; }
  Counting& operator++() {
    *line_ += *at_ == '\n' ? 1 : 0;
    ++at_;
    return *this;
  }
  Counting operator++(int) {
    Counting before = *this;
    ++*this;
    return before;
  }
  bool operator==(const Counting& other) const { return at_ == other.at_; }
  bool operator!=(const Counting& other) const { return at_ != other.at_; }

private:
  const char* at_;
  std::size_t* line_;
};

// Notes the line at each key and at each object or array that begins. (Numbers are seen one character late.)
class Noting final : public Json::json_sax_t {
public:
  Noting(JsonLines& into, const std::size_t& line) : into_(into), line_(line) {}

  bool null() override { return value(); }
  bool boolean(bool) override { return value(); }
  bool number_integer(number_integer_t) override { return value(); }
  bool number_unsigned(number_unsigned_t) override { return value(); }
  bool number_float(number_float_t, const string_t&) override { return value(); }
  bool string(string_t&) override { return value(); }
  bool binary(binary_t&) override { return value(); }
  bool start_object(std::size_t) override { return enter(false); }
  bool start_array(std::size_t) override { return enter(true); }
  bool end_object() override { return leave(); }
  bool end_array() override { return leave(); }
  bool key(string_t& name) override {
    const std::string& around = levels_.back().path;
    key_ = around.empty() ? name : around + "." + name;
    if (!into_.lines.emplace(key_, line_).second) {
      return fail(fmt::format("{} is there twice", key_));
    }
    return true;
  }
  bool parse_error(std::size_t, const std::string& token, const Json::exception& error) override {
    // "[json.exception.NAME] parse error at line 1, column 2: WHY; expected WHAT", or of a number "[...] number
    // overflow ..."
    const std::string_view what = error.what();
    const auto behind = [what](std::string_view mark) {
      const std::size_t at = what.find(mark);
      return at == std::string_view::npos ? std::string_view() : what.substr(at + mark.size());
    };
    if (what.find("empty input") != std::string_view::npos) { // as newer releases of the library say it
      return fail("the file ends here; expected a JSON value");
    }
    const std::string_view expected = behind("; ");
    const bool tells_why = !expected.starts_with("last read"); // else that stands in front of it
    for (const std::string_view why : {tells_why ? expected : behind(" - "), behind(": "), behind("] ")}) {
      if (!why.empty()) {
        return fail(
            (token.empty() && what.find("end of input") != std::string_view::npos ? "the file ends here; " : "") +
            std::string(why));
      }
    }
    return fail(std::string(what));
  }

private:
  struct Level {
    bool array;
    std::string path;
    std::size_t next = 0;
  };

  bool fail(std::string why) {
    into_.mistake = std::move(why);
    into_.mistake_line = line_;
    return false;
  }
  std::string here() {
    if (levels_.empty()) {
      return "";
    }
    Level& level = levels_.back();
    return level.array ? fmt::format("{}[{}]", level.path, level.next++) : key_;
  }
  bool value() {
    into_.lines.emplace(here(), line_);
    return true;
  }
  bool enter(bool array) {
    std::string path = here();
    into_.lines.emplace(path, line_);
    levels_.push_back({array, std::move(path)});
    return true;
  }
  bool leave() {
    levels_.pop_back();
    return true;
  }

  JsonLines& into_;
  const std::size_t& line_;
  std::vector<Level> levels_;
  std::string key_;
};

} // namespace

JsonLines find_json_lines(const std::string& text) {
  JsonLines found;
  std::size_t line = 1;
  Noting noting(found, line);
  const char* begin = text.data();
  (void)Json::sax_parse(Counting(begin, &line), Counting(begin + text.size(), &line), &noting);
  return found;
}

} // namespace daxemu::cli
