#include "runtime/cli/command_line/mistake.hpp"

#include <algorithm>
#include <string_view>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "runtime/cli/text/joined.hpp"
#include "runtime/cli/text/nearest.hpp"

namespace daxemu::cli {
namespace {

std::vector<std::string> flags_of(const CLI::App& app) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      flags.push_back("--" + name);
    }
    for (const std::string& name : option->get_snames()) {
      flags.push_back("-" + name);
    }
  }
  return flags;
}

std::vector<std::string> verbs_of(const CLI::App& app) {
  std::vector<std::string> verbs;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    verbs.push_back(verb->get_name());
  }
  return verbs;
}

// "did you mean X? " if some candidate is near.
std::string guess(const std::string& word, const std::vector<std::string>& candidates) {
  const std::string near = nearest(word, candidates);
  return near.empty() ? "" : fmt::format("did you mean {}? ", near);
}

bool is_flag(const std::string& word) {
  return word.size() > 1 && word[0] == '-';
}

// "--sizee=3" -> "--sizee"
std::string flag_part(const std::string& word) {
  return word.substr(0, word.find('='));
}

Problem no_verb(const CLI::App& app, const std::vector<std::string>& words) {
  const std::vector<std::string> verbs = verbs_of(app);
  if (words.empty()) {
    return {EINVAL, "no verb given", fmt::format("use one of: {}; see daxemu --help", joined(verbs, ", "))};
  }
  if (is_flag(words.front())) {
    const std::string flag = flag_part(words.front());
    return {EINVAL, fmt::format("there is no flag {} before the verb", flag),
            guess(flag, flags_of(app)) +
                fmt::format("flags follow the verb: {}; see daxemu --help", joined(verbs, ", "))};
  }
  return {EINVAL, fmt::format("there is no verb '{}'", words.front()),
          guess(words.front(), verbs) + fmt::format("use one of: {}; see daxemu --help", joined(verbs, ", "))};
}

Problem stranger(const CLI::App& verb, const std::string& word) {
  const std::string help = fmt::format("see daxemu {} --help", verb.get_name());
  if (is_flag(word)) {
    const std::string flag = flag_part(word);
    return {EINVAL, fmt::format("{} has no flag {}", verb.get_name(), flag), guess(flag, flags_of(verb)) + help};
  }
  return {EINVAL, fmt::format("{} does not know what '{}' is", verb.get_name(), word),
          verb.get_name() == "run" ? "put the command behind --, as in: daxemu run -- ls -l /dev/dax0.0"
                                   : "remove it, or " + help};
}

// CLI11 puts the flag in front: "--size: 1 required TEXT missing", "--size: At Most 1 required but received 2".
Problem mismatch(const CLI::App& verb, const std::string& text) {
  const std::string flag = text.substr(0, text.find(':'));
  const bool missing = text.find("missing") != std::string::npos;
  return {EINVAL, flag + (missing ? " has no value" : " is given more than once"),
          fmt::format("{}; see daxemu {} --help", missing ? "put one behind it" : "give it once", verb.get_name())};
}

Problem empty_value(const CLI::App& verb, const std::string& text) {
  return {
      EINVAL, text.substr(0, text.find(':')) + " has an empty value",
      fmt::format("put one behind it (is a variable of a script not set?), or leave the flag out; see daxemu {} --help",
                  verb.get_name())};
}

} // namespace

Problem mistake_of(const CLI::App& app, const CLI::ParseError& error, const std::vector<std::string>& words) {
  const auto chosen = app.get_subcommands();
  if (chosen.empty()) {
    return no_verb(app, words);
  }
  const CLI::App& verb = *chosen.front();
  if (const auto extras = app.remaining(true); !extras.empty()) {
    // The first of them as typed: CLI11 sorts what is left by the level that refused it.
    const auto first = std::find_first_of(words.begin(), words.end(), extras.begin(), extras.end());
    return stranger(verb, first == words.end() ? extras.front() : *first);
  }
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    return mismatch(verb, error.what());
  }
  if (dynamic_cast<const CLI::ValidationError*>(&error) != nullptr &&
      std::string_view(error.what()).ends_with(kEmptyValue)) {
    return empty_value(verb, error.what());
  }
  std::string what = error.what();
  std::replace(what.begin(), what.end(), '\n', ' ');
  return {EINVAL, what, fmt::format("see daxemu {} --help", verb.get_name())};
}

} // namespace daxemu::cli
