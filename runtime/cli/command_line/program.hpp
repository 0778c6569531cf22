// The command line as a whole: every verb with its flags and its words for people. The program parses with it; manual
// pages and completions are made from it.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include <CLI/CLI.hpp>

#include "runtime/cli/command_line/commands.hpp"

namespace daxemu::cli {

class Program {
public:
  Program();

  [[nodiscard]] CLI::App& app() { return app_; }
  // The verb of that name, which must be one of app()'s subcommands.
  [[nodiscard]] Verb& verb(const std::string& name) { return *verbs_.at(name); }

private:
  CLI::App app_;
  std::map<std::string, std::unique_ptr<Verb>> verbs_;
  std::set<std::string> with_command_; // names of verbs that take one
};

} // namespace daxemu::cli
