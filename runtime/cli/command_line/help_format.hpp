// How --help looks: flags by group, in 80 columns, without the list of what each excludes (a mistake is told when it is
// made). And what `daxemu` alone says.
#pragma once

#include <set>
#include <string>

#include <CLI/CLI.hpp>

namespace daxemu::cli {

// The first screen of a newcomer.
[[nodiscard]] std::string first_screen();

// Puts the flags of a verb that is told what a device is to be into groups by what they are about.
void group_flags(CLI::App& verb);

class HelpFormat : public CLI::Formatter {
public:
  // `verbs` that take a command behind "--".
  explicit HelpFormat(const std::set<std::string>& with_command) : with_command_(&with_command) {}

  [[nodiscard]] std::string make_usage(const CLI::App* app, std::string name) const override;
  [[nodiscard]] std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
  [[nodiscard]] std::string make_option(const CLI::Option* option, bool is_positional) const override;
  [[nodiscard]] std::string make_subcommand(const CLI::App* verb) const override;

private:
  const std::set<std::string>* with_command_;
};

} // namespace daxemu::cli
