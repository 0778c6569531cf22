#include "runtime/cli/report/report_numbers.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>

#include <fmt/format.h>

#include "emu/base/text/size_text.hpp"
#include "runtime/cli/report/html.hpp"
#include "runtime/cli/report/report_html.hpp"
#include "runtime/cli/text/shell_words.hpp"

namespace daxemu::cli {
namespace {

using Json = nlohmann::json;

constexpr const char* kOpening = "<script type=\"application/json\" id=\"daxemu-numbers\">";
constexpr const char* kClosing = "</script>";
constexpr std::array<const char*, 3> kKindWords = {"count", "bytes", "microseconds"};

std::optional<RunNumbers> from_json(const Json& json) {
  RunNumbers numbers;
  if (!json.is_object() || !json.contains("numbers") || !json["numbers"].is_array()) {
    return std::nullopt;
  }
  numbers.command = json.value("command", "");
  for (const Json& one : json["numbers"]) {
    if (!one.is_object() || !one.contains("value") || !one["value"].is_number()) {
      return std::nullopt;
    }
    const auto* kind = std::find(kKindWords.begin(), kKindWords.end(), one.value("kind", ""));
    numbers.numbers.push_back(
        {one.value("what", ""), one["value"].get<double>(),
         kind == kKindWords.end() ? NumberKind::count : static_cast<NumberKind>(kind - kKindWords.begin())});
  }
  return numbers;
}

Outcome<RunNumbers> neither(const std::string& path) {
  return refuse(EINVAL, fmt::format("--against {} is neither a report nor a trace", path),
                "give a file that daxemu report or daxemu trace wrote");
}

const RunNumber* number_named(const RunNumbers& numbers, const std::string& what) {
  const auto found = std::find_if(numbers.numbers.begin(), numbers.numbers.end(),
                                  [&](const RunNumber& number) { return number.what == what; });
  return found == numbers.numbers.end() ? nullptr : &*found;
}

// What became of a number: "+12%", "-3", or that it is the same.
std::string change_text(const RunNumber* before, const RunNumber* now) {
  const double was = before == nullptr ? 0 : before->value;
  const double is = now == nullptr ? 0 : now->value;
  if (was == is) {
    return "=";
  }
  if (was == 0 || is == 0) {
    return was == 0 ? "new" : "gone";
  }
  const double part = is / was;
  return part >= 2 || part <= 0.5 ? fmt::format("x {:.3g}", part) : fmt::format("{:+.1f}%", (part - 1) * 100);
}

std::string compare_row(const std::string& what, const RunNumber* before, const RunNumber* now) {
  const RunNumber none{what, 0, before != nullptr ? before->kind : now->kind};
  return fmt::format("<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
                     html_text(what), html_text(number_text(before == nullptr ? none : *before)),
                     html_text(number_text(now == nullptr ? none : *now)), html_text(change_text(before, now)));
}

} // namespace

RunNumbers numbers_of(const RunHistory& history) {
  RunNumbers all{shell_words(history.command), {}};
  const auto add = [&](std::string what, double value, NumberKind kind = NumberKind::count) {
    all.numbers.push_back({std::move(what), value, kind});
  };
  const auto count = [](auto number) { return static_cast<double>(number); };
  add("time", history.length_us, NumberKind::microseconds);
  add("first touches", count(history.latencies.count));
  add("median wait of a first touch", history.latencies.median_us, NumberKind::microseconds);
  add("99% waited less than", history.latencies.p99_us, NumberKind::microseconds);
  add("longest wait", history.latencies.longest_us, NumberKind::microseconds);
  for (const DeviceHistory& device : history.devices) {
    add(device.name + ": touched", count(device.touched * device.align), NumberKind::bytes);
    add(device.name + ": mappings", count(device.maps));
    add(device.name + ": SIGBUS", count(device.sigbus));
    add(device.name + ": poisoned", count(device.poisoned));
  }
  add("pins", count(history.pins.size()));
  add("pins never released",
      count(std::count_if(history.pins.begin(), history.pins.end(), [](const PinSpan& pin) { return pin.held; })));
  add("refused", count(history.refusals.size()));
  std::map<std::string, std::size_t> kinds;
  for (const Happening& happening : history.happenings) {
    ++kinds[happening.kind];
  }
  for (const auto& [kind, times] : kinds) {
    add("events: " + kind, count(times));
  }
  return all;
}

std::string number_text(const RunNumber& number) {
  switch (number.kind) {
  case NumberKind::bytes:
    return size_text(static_cast<std::uint64_t>(number.value));
  case NumberKind::microseconds:
    return duration_text(number.value);
  case NumberKind::count:
    break;
  }
  return fmt::format("{:.0f}", number.value);
}

std::string numbers_element(const RunNumbers& numbers) {
  Json json = {{"command", numbers.command}, {"numbers", Json::array()}};
  for (const RunNumber& number : numbers.numbers) {
    json["numbers"].push_back({{"what", number.what},
                               {"value", number.value},
                               {"kind", kKindWords.at(static_cast<std::size_t>(number.kind))}});
  }
  std::string text = json.dump(-1, ' ', true, Json::error_handler_t::replace);
  for (std::size_t at = 0; (at = text.find('<', at)) != std::string::npos;) { // it may not end the element
    text.replace(at, 1, "\\u003c");
  }
  return fmt::format("{}{}{}\n", kOpening, text, kClosing);
}

Outcome<RunNumbers> read_numbers(const std::string& path) {
  std::ifstream file(path);
  std::stringstream contents;
  if (!file || !(contents << file.rdbuf())) {
    return refuse(errno, fmt::format("--against {} cannot be read: {}", path, std::strerror(errno)),
                  "give a file that daxemu report or daxemu trace wrote");
  }
  const std::string text = contents.str();
  const std::size_t begin = text.find(kOpening);
  if (begin != std::string::npos) {
    const std::size_t from = begin + std::strlen(kOpening);
    const std::size_t end = text.find(kClosing, from);
    const auto numbers = from_json(Json::parse(text.substr(from, end - from), nullptr, false));
    return numbers ? Outcome<RunNumbers>(*numbers) : neither(path);
  }
  const Json trace = Json::parse(text, nullptr, false);
  if (trace.is_discarded()) {
    return neither(path);
  }
  const auto history = history_of(trace);
  return history ? Outcome<RunNumbers>(numbers_of(*history)) : neither(path);
}

std::string compare_part(const RunNumbers& before, const RunNumbers& now) {
  std::string out =
      fmt::format("<h2>Compared</h2>\n<p>Before: <code>{}</code></p>\n<div class=\"wide\"><table><tr><th></th>"
                  "<th class=\"n\">before</th><th class=\"n\">now</th><th class=\"n\">change</th></tr>\n",
                  html_text(before.command));
  for (const RunNumber& number : now.numbers) {
    out += compare_row(number.what, number_named(before, number.what), &number);
  }
  for (const RunNumber& number : before.numbers) {
    if (number_named(now, number.what) == nullptr) {
      out += compare_row(number.what, &number, nullptr);
    }
  }
  return out + "</table></div>\n";
}

} // namespace daxemu::cli
