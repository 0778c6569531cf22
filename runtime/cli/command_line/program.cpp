#include "runtime/cli/command_line/program.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "daxemu_build.hpp"
#include "emu/base/profile.hpp"
#include "runtime/cli/command_line/help_format.hpp"
#include "runtime/cli/command_line/manual.hpp"
#include "runtime/cli/command_line/mistake.hpp"

namespace daxemu::cli {
namespace {

using AddVerb = std::unique_ptr<Verb> (*)(CLI::App&);

// In the order of --help.
constexpr std::array kVerbs = {
    AddVerb{add_run_verb},    AddVerb{add_stat_verb},       AddVerb{add_top_verb},     AddVerb{add_trace_verb},
    AddVerb{add_report_verb}, AddVerb{add_create_verb},     AddVerb{add_sync_verb},    AddVerb{add_crash_verb},
    AddVerb{add_poison_verb}, AddVerb{add_pins_verb},       AddVerb{add_destroy_verb}, AddVerb{add_list_verb},
    AddVerb{add_record_verb}, AddVerb{add_enable_verb},     AddVerb{add_disable_verb}, AddVerb{add_reconfigure_verb},
    AddVerb{add_doctor_verb}, AddVerb{add_completion_verb},
};

// What stands under the flags in a verb's --help: its examples.
std::string footer_of(std::string_view examples) {
  std::string footer = "Examples:\n";
  for (std::size_t begin = 0; begin < examples.size();) {
    const std::size_t end = std::min(examples.find('\n', begin), examples.size());
    footer += fmt::format("  {}\n", examples.substr(begin, end - begin));
    begin = end + 1;
  }
  footer.pop_back();
  return footer;
}

// CLI11 2.5 and newer would fill footers like paragraphs: examples are lines.
template <class Formatter>
void keep_footers(Formatter& formatter) {
  if constexpr (requires { formatter.enable_footer_formatting(false); }) {
    formatter.enable_footer_formatting(false);
  }
}

// A value of no letters is a variable that a script has not set: to go on as without the flag would be to forget, say,
// the image.
void refuse_empty_values(CLI::App& verb) {
  for (CLI::Option* option : verb.get_options()) {
    if (!option->get_positional() && option->get_items_expected_min() > 0) {
      option->check([](const std::string& value) { return std::string(value.empty() ? kEmptyValue : ""); });
    }
  }
}

// The kernel that is mirrored where no flag says another.
std::string version_text() {
  const auto chosen = chosen_profile(kKernelVariable, "");
  return fmt::format("daxemu {} (mirrors device-dax of {} here; --kernel takes {})", kVersion,
                     chosen ? chosen->profile->name : kDefaultProfile.name, known_kernels());
}

} // namespace

Program::Program() : app_("A device-dax that is not there", "daxemu") {
  app_.set_version_flag("--version", version_text());
  app_.require_subcommand(1);
  const auto formatter = std::make_shared<HelpFormat>(with_command_); // which every verb shares
  keep_footers(*formatter);
  app_.formatter(formatter);
  app_.footer("daxemu VERB --help tells a verb's flags, and so does man daxemu-VERB.");
  for (const AddVerb add : kVerbs) {
    auto verb = add(app_);
    CLI::App& parser = *app_.get_subcommands([](const CLI::App*) { return true; }).back();
    if (const VerbManual* manual = manual_of(parser.get_name()); manual != nullptr && !manual->examples.empty()) {
      parser.footer(footer_of(manual->examples));
    }
    refuse_empty_values(parser);
    group_flags(parser);
    if (verb->takes_command()) {
      with_command_.insert(parser.get_name());
    }
    verbs_[parser.get_name()] = std::move(verb);
  }
}

} // namespace daxemu::cli
