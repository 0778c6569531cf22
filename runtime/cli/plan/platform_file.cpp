#include "runtime/cli/plan/platform_file.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <set>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "emu/base/size_text.hpp"
#include "emu/base/units.hpp"
#include "emu/dax/builder.hpp"
#include "runtime/cli/plan/json_lines.hpp"
#include "runtime/cli/plan/memory_type.hpp"
#include "runtime/cli/plan/words.hpp"
#include "runtime/cli/text/joined.hpp"
#include "runtime/cli/text/nearest.hpp"
#include "runtime/cli/text/one_line.hpp"

namespace daxemu::cli {
namespace {

using Json = nlohmann::json;

// One object of the file, read key by key. The first mistake anywhere is kept; later calls do nothing.
class Fields {
public:
  Fields(const Json& object, std::string path, const JsonLines& lines, const std::string& file, Outcome<void>& result)
      : object_(object), path_(std::move(path)), lines_(lines), file_(file), result_(result) {}

  [[nodiscard]] bool ok() const { return result_.has_value(); }
  [[nodiscard]] bool has(const char* key) const { return object_.contains(key); }
  [[nodiscard]] std::string path_of(const char* key) const { return path_.empty() ? key : path_ + "." + key; }

  void mistake(const std::string& path, const std::string& what, const std::string& remedy) {
    if (ok()) {
      result_ =
          refuse(EINVAL, on_one_line(fmt::format("{}:{}: {}", file_, lines_.of(path), what)), on_one_line(remedy));
    }
  }
  void problem_of(const char* key, const Problem& problem) {
    std::string what = problem.what;
    std::string remedy = problem.remedy;
    for (std::string* text : {&what, &remedy}) { // messages speak of flags
      for (std::size_t at = 0; (at = text->find("--", at)) != std::string::npos;) {
        text->erase(at, 2);
      }
    }
    mistake(path_of(key), fmt::format("{}: {}", path_of(key), what), remedy);
  }

  // Refuses keys that are not among `known`.
  void only(const std::vector<std::string>& known) {
    for (const auto& [key, value] : object_.items()) {
      if (std::find(known.begin(), known.end(), key) == known.end()) {
        const std::string meant = nearest(key, known);
        mistake(path_of(key.c_str()), fmt::format("{} is no key here", path_of(key.c_str())),
                meant.empty() ? "the keys are " + joined(known, ", ") : fmt::format("did you mean {}?", meant));
      }
    }
  }
  void size(const char* key, std::uint64_t& bytes) {
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
  void boolean(const char* key, bool& value) {
    if (has(key) && !object_[key].is_boolean()) {
      mistake(path_of(key), fmt::format("{} {} is neither true nor false", path_of(key), object_[key].dump()),
              "give true or false");
    } else if (has(key)) {
      value = object_[key].get<bool>();
    }
  }
  void text(const char* key, std::string& text) {
    if (!has(key)) {
      return;
    }
    if (!object_[key].is_string()) {
      mistake(path_of(key), fmt::format("{} {} is no text", path_of(key), object_[key].dump()), "write it in quotes");
      return;
    }
    text = object_[key].get<std::string>();
  }
  void number(const char* key, std::uint32_t& number) {
    if (!has(key)) {
      return;
    }
    const Json& value = object_[key];
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > 0x7fffffffU) {
      mistake(path_of(key), fmt::format("{} {} is no number", path_of(key), value.dump()), "use 0, 1, 2, ...");
      return;
    }
    number = value.get<std::uint32_t>();
  }
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
  void node(const char* key, std::optional<int>& node) {
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
  void kernel(const char* key, PlatformPlan& plan) {
    std::string version;
    text(key, version);
    const auto chosen = chosen_profile(path_of(key), version);
    if (!chosen) {
      mistake(path_of(key), chosen.error().what, chosen.error().remedy);
      return;
    }
    plan.kernel = chosen->profile->id;
    plan.kernel_note = chosen->note;
  }
  // Calls `each` with the fields of every object of a list.
  template <class Each>
  void list(const char* key, Each&& each) {
    if (!has(key)) {
      return;
    }
    if (!object_[key].is_array()) {
      mistake(path_of(key), fmt::format("{} is no list", path_of(key)), "write it as [ { ... }, ... ]");
      return;
    }
    for (std::size_t at = 0; at < object_[key].size() && ok(); ++at) {
      const std::string path = fmt::format("{}[{}]", path_of(key), at);
      if (!object_[key][at].is_object()) {
        mistake(path, fmt::format("{} is no object", path), "write it as { \"size\": \"4G\" }");
        return;
      }
      Fields fields(object_[key][at], path, lines_, file_, result_);
      each(fields);
    }
  }

private:
  const Json& object_;
  std::string path_;
  const JsonLines& lines_;
  const std::string& file_;
  Outcome<void>& result_;
};

// Takes the id that is given, or the lowest free one.
void take_id(Fields& fields, std::set<std::uint32_t>& taken, std::uint32_t& id) {
  if (!fields.has("id")) {
    while (taken.contains(id)) {
      ++id;
    }
  }
  fields.number("id", id);
  if (fields.ok() && !taken.insert(id).second) {
    fields.mistake(fields.path_of("id"), fmt::format("{} {} is taken", fields.path_of("id"), id),
                   "give each its own, or none");
  }
}

DevicePlan read_device(Fields& fields, std::set<std::uint32_t>& ids, const Profile& kernel) {
  DevicePlan device;
  fields.only({"id", "size", "align", "backing", "type", "driver"});
  take_id(fields, ids, device.id);
  if (!fields.has("size")) {
    fields.mistake(fields.path_of("size").substr(0, fields.path_of("size").rfind('.')),
                   fmt::format("{} is missing", fields.path_of("size")), "add \"size\": \"4G\"");
  }
  fields.size("size", device.size);
  fields.size("align", device.align);
  fields.word("backing", kBackings, device.backing);
  fields.text("type", device.type);
  fields.word("driver", kDriverWords, device.driver);
  if (fields.ok()) {
    if (auto fine = dax::check_geometry(device.size, device.align); !fine) {
      fields.problem_of(fine.error().what.starts_with("--align") ? "align" : "size", fine.error());
    } else if (auto type = memory_type(device.type, device.align, kernel); !type) {
      fields.problem_of("type", type.error());
    }
  }
  return device;
}

RegionPlan read_region(Fields& fields, std::set<std::uint32_t>& ids, const Profile& kernel) {
  RegionPlan region;
  fields.only({"id", "kind", "size", "start", "numa_node", "devices"});
  take_id(fields, ids, region.id);
  fields.word("kind", kRegions, region.kind);
  fields.node("numa_node", region.numa_node);
  fields.size("start", region.start);
  if (!is_aligned(region.start, kPudSize)) {
    fields.mistake(fields.path_of("start"),
                   fmt::format("{} {} is not a multiple of 1G", fields.path_of("start"), size_text(region.start)),
                   fmt::format("use {}", size_text(align_up(region.start, kPudSize))));
  }
  std::set<std::uint32_t> device_ids;
  fields.list("devices", [&](Fields& device) { region.devices.push_back(read_device(device, device_ids, kernel)); });
  std::uint64_t used = 0;
  for (const DevicePlan& device : region.devices) {
    used = align_up(used, std::max(device.align, kPmdSize)) + device.size;
  }
  std::uint64_t size = used;
  fields.size("size", size);
  if (region.kind == store::RegionKind::pmem && (region.devices.size() != 1 || size != used)) {
    fields.mistake(fields.path_of(region.devices.size() == 1 ? "size" : "devices"),
                   fmt::format("{}: a pmem region is one device of its size", fields.path_of("devices")),
                   "use a region for each device, or \"kind\": \"hmem\"");
  }
  if (size == 0) {
    fields.mistake(fields.path_of("devices"), fmt::format("{} is empty", fields.path_of("devices")),
                   "add a device, or \"size\" for a region without one");
  }
  if (size < used || !is_aligned(size, kPmdSize)) {
    fields.mistake(fields.path_of("size"),
                   fmt::format("{} {} {}", fields.path_of("size"), size_text(size),
                               size < used ? fmt::format("is less than its devices take, {}", size_text(used))
                                           : std::string("is not a multiple of 2M")),
                   fmt::format("use {} or more, in steps of 2M", size_text(align_up(std::max(size, used), kPmdSize))));
  }
  region.free = size - std::min(size, used);
  return region;
}

} // namespace

Outcome<PlatformPlan> parse_platform(const std::string& text, const std::string& file) {
  const JsonLines lines = find_json_lines(text);
  if (!lines.mistake.empty()) {
    return refuse(EINVAL, fmt::format("{}:{}: {}", file, lines.mistake_line, lines.mistake),
                  "write it as JSON: { \"regions\": [ { \"devices\": [ { \"size\": \"4G\" } ] } ] }");
  }
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) {
    return refuse(EINVAL, fmt::format("{}:1: this is no object", file),
                  "write { \"regions\": [ { \"devices\": [ { \"size\": \"4G\" } ] } ] }");
  }
  PlatformPlan plan;
  Outcome<void> result;
  Fields fields(json, "", lines, file, result);
  fields.only({"kernel", "engine", "exact", "backing", "regions"});
  fields.kernel("kernel", plan);
  fields.word("engine", kEngines, plan.engine);
  fields.boolean("exact", plan.exact);
  fields.word("backing", kBackings, plan.backing);
  std::set<std::uint32_t> ids;
  fields.list("regions",
              [&](Fields& region) { plan.regions.push_back(read_region(region, ids, profile_of(plan.kernel))); });
  if (plan.regions.empty()) {
    fields.mistake("regions", "regions is empty or missing",
                   "add \"regions\": [ { \"devices\": [ { \"size\": \"4G\" } ] } ]");
  }
  if (!result) {
    return tl::unexpected(result.error());
  }
  return plan;
}

Outcome<PlatformPlan> read_platform_file(const std::string& file) {
  constexpr std::size_t kMost = 1 << 20;
  std::ifstream stream(file, std::ios::binary);
  std::string text(kMost + 1, '\0');
  if (!stream || (stream.read(text.data(), static_cast<std::streamsize>(text.size())), stream.bad())) {
    const int code = errno;
    return refuse(code, fmt::format("--config {}: {}", file, std::strerror(code)), "name a file that can be read");
  }
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > kMost) {
    return refuse(EFBIG, fmt::format("--config {} is larger than a megabyte", file), "describe fewer regions");
  }
  return parse_platform(text, file);
}

} // namespace daxemu::cli
