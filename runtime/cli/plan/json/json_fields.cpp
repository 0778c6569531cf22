#include "runtime/cli/plan/json/json_fields.hpp"

#include <algorithm>

#include "emu/base/text/size_text.hpp"
#include "emu/store/uuid_text.hpp"
#include "runtime/cli/plan/platform_plan.hpp"
#include "runtime/cli/text/joined.hpp"
#include "runtime/cli/text/nearest.hpp"
#include "runtime/cli/text/one_line.hpp"

namespace daxemu::cli {

void Fields::mistake(const std::string& path, const std::string& what, const std::string& remedy) {
  if (ok()) {
    result_ = refuse(EINVAL, on_one_line(fmt::format("{}:{}: {}", file_, lines_.of(path), what)), on_one_line(remedy));
  }
}

void Fields::problem_of(const char* key, const Problem& problem) {
  std::string what = problem.what;
  std::string remedy = problem.remedy;
  for (std::string* text : {&what, &remedy}) { // messages speak of flags
    for (std::size_t at = 0; (at = text->find("--", at)) != std::string::npos;) {
      text->erase(at, 2);
    }
  }
  mistake(path_of(key), fmt::format("{}: {}", path_of(key), what), remedy);
}

void Fields::only(const std::vector<std::string>& known) {
  for (const auto& [key, value] : object_.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      const std::string meant = nearest(key, known);
      mistake(path_of(key.c_str()), fmt::format("{} is no key here", path_of(key.c_str())),
              meant.empty() ? "the keys are " + joined(known, ", ") : fmt::format("did you mean {}?", meant));
    }
  }
}

void Fields::size(const char* key, std::uint64_t& bytes) {
  if (!has(key)) {
    return;
  }
  const Json& value = object_[key];
  Result<std::uint64_t> parsed = fail(EINVAL);
  if (value.is_number_unsigned()) {
    parsed = value.get<std::uint64_t>();
  } else if (value.is_string()) {
    parsed = parse_size(value.get_ref<const std::string&>());
  }
  if (!parsed) {
    mistake(path_of(key), fmt::format("{} {} is no size", path_of(key), value.dump()),
            "give a text such as \"2M\" or \"4G\", or a number of bytes");
    return;
  }
  bytes = *parsed;
}

void Fields::boolean(const char* key, bool& value) {
  if (has(key) && !object_[key].is_boolean()) {
    mistake(path_of(key), fmt::format("{} {} is neither true nor false", path_of(key), object_[key].dump()),
            "give true or false");
  } else if (has(key)) {
    value = object_[key].get<bool>();
  }
}

void Fields::text(const char* key, std::string& text) {
  if (!has(key)) {
    return;
  }
  if (!object_[key].is_string()) {
    mistake(path_of(key), fmt::format("{} {} is no text", path_of(key), object_[key].dump()), "write it in quotes");
    return;
  }
  text = object_[key].get<std::string>();
}

void Fields::texts(const char* key) {
  const Json* list = has(key) ? &object_[key] : nullptr;
  if (list != nullptr && (!list->is_array() ||
                          !std::all_of(list->begin(), list->end(), [](const Json& one) { return one.is_string(); }))) {
    mistake(path_of(key), fmt::format("{} is no list of texts", path_of(key)), "write it as [ \"...\" ]");
  }
}

void Fields::uuid(const char* key, std::optional<store::Uuid>& uuid) {
  std::string written;
  text(key, written);
  if (!has(key) || !ok()) {
    return;
  }
  if (!store::is_uuid(written)) {
    mistake(path_of(key), fmt::format("{} {} is no uuid", path_of(key), written),
            "give one that uuidgen makes, or none");
    return;
  }
  uuid = *store::parse_uuid(written);
}

void Fields::large_number(const char* key, std::uint64_t& number) {
  if (has(key) && !object_[key].is_number_unsigned()) {
    mistake(path_of(key), fmt::format("{} {} is no number", path_of(key), object_[key].dump()), "use 0, 1, 2, ...");
  } else if (has(key)) {
    number = object_[key].get<std::uint64_t>();
  }
}

namespace {

bool is_number(const Fields::Json& value) {
  return value.is_number_unsigned() && value.get<std::uint64_t>() <= 0x7fffffffU;
}

} // namespace

void Fields::number(const char* key, std::uint32_t& number) {
  if (!has(key)) {
    return;
  }
  const Json& value = object_[key];
  if (!is_number(value)) {
    mistake(path_of(key), fmt::format("{} {} is no number", path_of(key), value.dump()), "use 0, 1, 2, ...");
    return;
  }
  number = value.get<std::uint32_t>();
}

void Fields::numbers(const char* key, std::vector<std::uint32_t>& numbers) {
  if (!has(key)) {
    return;
  }
  const Json& value = object_[key];
  if (!value.is_array() || !std::all_of(value.begin(), value.end(), is_number)) {
    mistake(path_of(key), fmt::format("{} {} is no list of numbers", path_of(key), value.dump()),
            "write it as [ 0, 1 ]");
    return;
  }
  numbers = value.get<std::vector<std::uint32_t>>();
}

void Fields::node(const char* key, std::optional<int>& node) {
  if (has(key) && object_[key] == "none") {
    node = kNoNode;
    return;
  }
  std::uint32_t value = 0;
  number(key, value);
  if (has(key) && ok()) {
    node = static_cast<int>(value);
  }
}

} // namespace daxemu::cli
