#include "runtime/cli/pages/verb_text.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "runtime/cli/command_line/program.hpp"

namespace daxemu::cli {
namespace {

ArgumentText argument_of(const CLI::Option& option) {
  ArgumentText text;
  for (const std::string& name : option.get_lnames()) {
    text.names.push_back("--" + name);
  }
  for (const std::string& name : option.get_snames()) {
    text.names.push_back("-" + name);
  }
  if (text.names.empty()) {
    text.names.push_back(option.get_name(true));
  }
  text.value = option.get_items_expected_max() == 0 ? "" : option.get_type_name();
  text.description = option.get_description();
  text.required = option.get_required();
  text.repeated = option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll ||
                  option.get_items_expected_max() >= CLI::detail::expected_max_vector_size;
  return text;
}

} // namespace

VerbText verb_of(Program& program, const std::string& name) {
  CLI::App& app = *program.app().get_subcommand(name);
  VerbText text;
  text.name = app.get_name();
  text.description = app.get_description();
  text.takes_command = program.verb(text.name).takes_command();
  for (const CLI::Option* option : app.get_options()) {
    (option->get_positional() ? text.positionals : text.flags).push_back(argument_of(*option));
  }
  return text;
}

std::vector<VerbText> verbs_of(Program& program) {
  std::vector<VerbText> verbs;
  for (const CLI::App* app : program.app().get_subcommands([](const CLI::App*) { return true; })) {
    verbs.push_back(verb_of(program, app->get_name()));
  }
  return verbs;
}

std::vector<std::string> words_of(const std::string& value) {
  std::vector<std::string> words;
  if (value.find('|') == std::string::npos) {
    return words;
  }
  for (std::size_t begin = 0; begin <= value.size();) {
    const std::size_t end = std::min(value.find('|', begin), value.size());
    words.push_back(value.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

std::string synopsis_of(const VerbText& verb) {
  std::string text = "daxemu " + verb.name;
  for (const ArgumentText& positional : verb.positionals) {
    const std::string name = positional.names.front() + (positional.repeated ? "..." : "");
    text += positional.required ? " " + name : " [" + name + "]";
  }
  text += " [flags]";
  return verb.takes_command ? text + " -- command [argument...]" : text;
}

} // namespace daxemu::cli
