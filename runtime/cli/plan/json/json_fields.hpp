// An object of a JSON file, read key by key; each refusal names the line, the key, its value and what would be right.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "emu/base/result.hpp"
#include "emu/store/records/nd_records.hpp"
#include "runtime/cli/plan/json/json_lines.hpp"
#include "runtime/cli/plan/words.hpp"

namespace daxemu::cli {

// The first mistake anywhere is kept in `result`; later calls do nothing. A key that is missing leaves its value.
class Fields {
public:
  using Json = nlohmann::json;
  Fields(const Json& object, std::string path, const JsonLines& lines, const std::string& file, Outcome<void>& result)
      : object_(object), path_(std::move(path)), lines_(lines), file_(file), result_(result) {}

  [[nodiscard]] bool ok() const { return result_.has_value(); }
  [[nodiscard]] bool has(const char* key) const { return object_.contains(key); }
  [[nodiscard]] bool is_list(const char* key) const { return has(key) && object_[key].is_array(); }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string path_of(const char* key) const { return path_.empty() ? key : path_ + "." + key; }

  void mistake(const std::string& path, const std::string& what, const std::string& remedy);
  // One that a check of flags has found.
  void problem_of(const char* key, const Problem& problem);
  // Refuses keys that are not among `known`.
  void only(const std::vector<std::string>& known);

  void size(const char* key, std::uint64_t& bytes);
  void boolean(const char* key, bool& value);
  void text(const char* key, std::string& text);
  // Texts that nothing is made of.
  void texts(const char* key);
  void uuid(const char* key, std::optional<store::Uuid>& uuid);
  void number(const char* key, std::uint32_t& number);
  void large_number(const char* key, std::uint64_t& number);
  void numbers(const char* key, std::vector<std::uint32_t>& numbers);
  // A NUMA node: a number or "none" (kNoNode).
  void node(const char* key, std::optional<int>& node);

  template <class Value, std::size_t Count>
  void word(const char* key, const Word<Value> (&words)[Count], Value& value) {
    if (!has(key)) {
      return;
    }
    const Json& text = object_[key];
    const auto read =
        read_word(path_of(key).c_str(), text.is_string() ? text.get<std::string>() : text.dump(), words, value);
    if (!read) {
      mistake(path_of(key), read.error().what, read.error().remedy);
    }
  }
  // Calls `each` with the fields of every object of a list. `example`: one of them, for people.
  template <class Each>
  void list(const char* key, Each&& each, const char* example = R"({ "size": "4G" })") {
    if (!has(key)) {
      return;
    }
    if (!object_[key].is_array()) {
      mistake(path_of(key), fmt::format("{} is no list", path_of(key)), "write it as [ { ... }, ... ]");
      return;
    }
    for (std::size_t at = 0; at < object_[key].size() && ok(); ++at) {
      visit(object_[key][at], fmt::format("{}[{}]", path_of(key), at), each, example);
    }
  }
  // Calls `each` with the fields of one object.
  template <class Each>
  void object(const char* key, Each&& each, const char* example) {
    if (has(key) && ok()) {
      visit(object_[key], path_of(key), each, example);
    }
  }

private:
  template <class Each>
  void visit(const Json& value, const std::string& path, Each&& each, const char* example) {
    if (!value.is_object()) {
      mistake(path, fmt::format("{} is no object", path), fmt::format("write it as {}", example));
      return;
    }
    Fields fields(value, path, lines_, file_, result_);
    each(fields);
  }

  const Json& object_;
  std::string path_;
  const JsonLines& lines_;
  const std::string& file_;
  Outcome<void>& result_;
};

} // namespace daxemu::cli
