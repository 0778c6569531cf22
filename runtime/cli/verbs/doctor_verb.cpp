// daxemu doctor: what this machine allows, and the remedy for what it does not.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "runtime/cli/command_line/commands.hpp"
#include "runtime/cli/text/terminal.hpp"
#include "runtime/cli/text/wrapped.hpp"
#include "runtime/cli/verbs/doctor_checks.hpp"

namespace daxemu::cli {
namespace {

std::size_t longest_word(std::string_view text) {
  std::size_t longest = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    longest = std::max(longest, end - at);
    at = end + 1;
  }
  return longest;
}

const char* word_for(Verdict verdict) {
  switch (verdict) {
  case Verdict::good:
    return "ok";
  case Verdict::limited:
    return "limited";
  case Verdict::missing:
    return "missing";
  }
  return "?";
}

class DoctorVerb final : public Verb {
public:
  explicit DoctorVerb(CLI::App& app) {
    CLI::App& verb = *app.add_subcommand("doctor", "Say what this machine allows, with remedies");
    verb.add_flag("--json", json_, "Print JSON");
  }

  int run(const std::vector<std::string>& /*command*/) override {
    const std::vector<Finding> report = examine_machine();
    bool works = true;
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (const Finding& finding : report) {
      works = works && finding.verdict != Verdict::missing;
      json.push_back({{"topic", finding.topic},
                      {"verdict", word_for(finding.verdict)},
                      {"detail", finding.detail},
                      {"remedy", finding.remedy}});
      if (!json_) {
        print(finding);
      }
    }
    if (json_) {
      fmt::print("{}\n", json.dump(2));
    }
    return works ? 0 : 1;
  }

private:
  static void print(const Finding& finding) {
    constexpr std::size_t kBefore = 8 + 1 + 22 + 1; // the columns before the text
    constexpr std::size_t kLeast = 40;              // a narrower terminal breaks lines by itself
    constexpr std::size_t kArrow = 5;
    const std::size_t width = line_width();
    const std::size_t room = width < kBefore + kLeast ? SIZE_MAX : width - kBefore;
    fmt::print("{:<8} {:<22} {}\n", word_for(finding.verdict), finding.topic, wrapped(finding.detail, kBefore, room));
    if (!finding.remedy.empty()) {
      // A path that does not fit there begins further to the left: it is to be copied in one piece.
      const std::size_t before = room != SIZE_MAX && longest_word(finding.remedy) > room - kArrow ? 0 : kBefore;
      fmt::print("{:{}}  -> {}\n", "", before,
                 wrapped(finding.remedy, before + kArrow, room == SIZE_MAX ? room : width - before - kArrow));
    }
  }

  bool json_ = false;
};

} // namespace

std::unique_ptr<Verb> add_doctor_verb(CLI::App& app) {
  return std::make_unique<DoctorVerb>(app);
}

} // namespace daxemu::cli
