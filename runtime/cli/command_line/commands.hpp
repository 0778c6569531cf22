// The verbs. Each parses its own flags into a struct of text (so that every refusal has one form) and runs.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace daxemu::cli {

class Verb {
public:
  Verb() = default;
  Verb(const Verb&) = delete;
  Verb& operator=(const Verb&) = delete;
  virtual ~Verb() = default;
  // Does it run a command that stands behind "--"?
  [[nodiscard]] virtual bool takes_command() const { return false; }
  // `command` is what stood behind "--"; empty unless takes_command(). Returns the exit code.
  virtual int run(const std::vector<std::string>& command) = 0;
};

// Each adds its subcommand to `app` and returns the verb that runs when it was chosen.
[[nodiscard]] std::unique_ptr<Verb> add_run_verb(CLI::App& app);
[[nodiscard]] std::unique_ptr<Verb> add_stat_verb(CLI::App& app);
[[nodiscard]] std::unique_ptr<Verb> add_top_verb(CLI::App& app);
[[nodiscard]] std::unique_ptr<Verb> add_trace_verb(CLI::App& app);
[[nodiscard]] std::unique_ptr<Verb> add_create_verb(CLI::App& app);
[[nodiscard]] std::unique_ptr<Verb> add_destroy_verb(CLI::App& app);
[[nodiscard]] std::unique_ptr<Verb> add_sync_verb(CLI::App& app);
[[nodiscard]] std::unique_ptr<Verb> add_crash_verb(CLI::App& app);
[[nodiscard]] std::unique_ptr<Verb> add_poison_verb(CLI::App& app);
[[nodiscard]] std::unique_ptr<Verb> add_pins_verb(CLI::App& app);
[[nodiscard]] std::unique_ptr<Verb> add_enable_verb(CLI::App& app);
[[nodiscard]] std::unique_ptr<Verb> add_disable_verb(CLI::App& app);
[[nodiscard]] std::unique_ptr<Verb> add_reconfigure_verb(CLI::App& app);
[[nodiscard]] std::unique_ptr<Verb> add_list_verb(CLI::App& app);
[[nodiscard]] std::unique_ptr<Verb> add_doctor_verb(CLI::App& app);
[[nodiscard]] std::unique_ptr<Verb> add_record_verb(CLI::App& app);
[[nodiscard]] std::unique_ptr<Verb> add_report_verb(CLI::App& app);
[[nodiscard]] std::unique_ptr<Verb> add_completion_verb(CLI::App& app);

} // namespace daxemu::cli
