#include "runtime/cli/command_line/help_format.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "runtime/cli/text/wrapped.hpp"

namespace daxemu::cli {
namespace {

constexpr std::size_t kWidth = 80;
constexpr std::size_t kColumn = 26; // where descriptions begin
constexpr std::size_t kVerbColumn = 15;

struct FlagGroup {
  std::string_view flag;
  const char* group;
};
constexpr const char* kDevice = "Device";
constexpr const char* kContents = "Memory and contents";
constexpr const char* kKernelGroup = "Kernel and programs";
constexpr const char* kTests = "Tests: what happened, and why";
constexpr const char* kCxl = "CXL (--region cxl)";
constexpr auto kGroups = std::to_array<FlagGroup>({
    {"size", kDevice},
    {"align", kDevice},
    {"device", kDevice},
    {"region", kDevice},
    {"with", kDevice},
    {"free", kDevice},
    {"config", kDevice},
    {"platform", kDevice},
    {"type", kDevice},
    {"driver", kDevice},
    {"backing", kContents},
    {"engine", kContents},
    {"numa-node", kContents},
    {"image", kContents},
    {"snapshot", kContents},
    {"write-back", kContents},
    {"kernel", kKernelGroup},
    {"mode", kKernelGroup},
    {"intercept", kKernelGroup},
    {"plugin", kKernelGroup},
    {"exact", kTests},
    {"pin-sites", kTests},
    {"stats", kTests},
    {"verbose", kTests},
    {"explain", kTests},
    {"ignore", kTests},
    {"json", kTests},
    {"output", kTests},
    {"events", kTests},
    {"symbols", kTests},
    {"ways", kCxl},
    {"preset", kCxl},
    {"no-device", kCxl},
    {"share", kCxl},
});

// A name and what it is, side by side where the name is short enough.
std::string entry(const std::string& name, std::string_view text, std::size_t column = kColumn) {
  const bool beside = name.size() + 3 < column;
  return fmt::format("  {}{}{}\n", name,
                     beside ? std::string(column - 2 - name.size(), ' ') : "\n" + std::string(column, ' '),
                     wrapped(text, column, kWidth - column));
}

} // namespace

std::string first_screen() {
  return "daxemu: a device-dax that is not there\n"
         "\n"
         "  daxemu run -- ls -l /dev/dax0.0    a program that sees a device-dax of 4G\n"
         "  daxemu run --explain -- ./app      the same, and why a call was refused\n"
         "  daxemu doctor                      what this machine allows, and what to do\n"
         "\n"
         "daxemu --help lists all verbs, daxemu run --help the flags of one of them.\n";
}

void group_flags(CLI::App& verb) {
  if (verb.get_option_no_throw("--size") == nullptr) { // few flags, of its own
    return;
  }
  for (CLI::Option* option : verb.get_options()) {
    for (const FlagGroup& each : kGroups) {
      if (option->check_lname(std::string(each.flag))) {
        option->group(each.group);
      }
    }
  }
}

std::string HelpFormat::make_usage(const CLI::App* app, std::string name) const {
  const std::string usage = CLI::Formatter::make_usage(app, std::move(name));
  const std::size_t end = usage.find_last_not_of('\n') + 1;
  return with_command_->count(app->get_name()) == 0 ? usage
                                                    : usage.substr(0, end) + " -- command..." + usage.substr(end);
}

std::string HelpFormat::make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const {
  std::string help = CLI::Formatter::make_help(app, std::move(name), mode);
  for (std::size_t at = help.find("\n\n\n"); at != std::string::npos; at = help.find("\n\n\n")) {
    help.erase(at, 1); // one line between two groups is enough
  }
  return help;
}

std::string HelpFormat::make_option(const CLI::Option* option, bool is_positional) const {
  std::string name = option->get_name(is_positional, !is_positional);
  const bool takes_value = option->get_items_expected_max() != 0;
  const bool may_go_without = option->get_items_expected_min() == 0;
  name += !takes_value || is_positional ? ""
          : may_go_without              ? "[=" + option->get_type_name() + "]"
                                        : " " + option->get_type_name();
  return entry(name, option->get_description());
}

std::string HelpFormat::make_subcommand(const CLI::App* verb) const {
  return entry(verb->get_name(), verb->get_description(), kVerbColumn);
}

} // namespace daxemu::cli
