#include "runtime/cli/program.hpp"

#include <array>

#include <fmt/format.h>

#include "daxemu_build.hpp"

namespace daxemu::cli {
namespace {

using AddVerb = std::unique_ptr<Verb> (*)(CLI::App&);

// In the order of --help.
constexpr std::array kVerbs = {
    AddVerb{add_run_verb},     AddVerb{add_stat_verb},        AddVerb{add_top_verb},    AddVerb{add_trace_verb},
    AddVerb{add_create_verb},  AddVerb{add_sync_verb},        AddVerb{add_crash_verb},  AddVerb{add_poison_verb},
    AddVerb{add_pins_verb},    AddVerb{add_destroy_verb},     AddVerb{add_list_verb},   AddVerb{add_enable_verb},
    AddVerb{add_disable_verb}, AddVerb{add_reconfigure_verb}, AddVerb{add_doctor_verb},
};

} // namespace

Program::Program() : app_("A device-dax that is not there", "daxemu") {
  app_.set_version_flag("--version", fmt::format("daxemu {} (mirrors device-dax of {})", kVersion, kProfile));
  app_.require_subcommand(1);
  for (const AddVerb add : kVerbs) {
    auto verb = add(app_);
    verbs_[app_.get_subcommands([](const CLI::App*) { return true; }).back()->get_name()] = std::move(verb);
  }
}

} // namespace daxemu::cli
