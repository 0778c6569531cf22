#include "runtime/cli/kernels/kernel_table.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>

#include "runtime/cli/text/joined.hpp"
#include "runtime/cli/text/one_line.hpp"

namespace daxemu::cli {
namespace {

constexpr std::size_t kShown = 160; // bytes of a line; a terminal has not many more

std::string signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name == nullptr ? fmt::format("signal {}", signal) : fmt::format("SIG{}", name);
}

bool is_success(const ChildEnd& end) {
  return WIFEXITED(end.status) && WEXITSTATUS(end.status) == 0;
}

int shell_code(const ChildEnd& end) {
  return WIFSIGNALED(end.status) ? 128 + WTERMSIG(end.status) : WEXITSTATUS(end.status);
}

std::string exit_text(const KernelRun& run) {
  if (!run.end) {
    return "not run";
  }
  return WIFSIGNALED(run.end->status) ? signal_name(WTERMSIG(run.end->status))
                                      : std::to_string(WEXITSTATUS(run.end->status));
}

std::string output_text(const KernelRun& run, bool is_first) {
  if (!run.end) {
    return "";
  }
  if (run.end->asked_to_end != 0) {
    return "ended before its time";
  }
  if (is_first) {
    return "";
  }
  std::string text;
  for (const Difference& difference : run.differences) {
    text +=
        fmt::format("{}line {} of {}", text.empty() ? "differs in " : ", ", difference.here.number, difference.stream);
  }
  if (!text.empty()) {
    return text;
  }
  return run.whole ? "the same" : "the same as far as it was kept";
}

// The part of a line that shows where the two differ.
std::string shown(const std::optional<std::string>& text, std::size_t from) {
  if (!text) {
    return "(nothing more)";
  }
  const bool cut = text->size() > from + kShown;
  return fmt::format("{}{}{}", from == 0 ? "" : "...", on_one_line(std::string_view(*text).substr(from, kShown)),
                     cut ? "..." : "");
}

std::size_t beginning(const Difference& difference) {
  if (!difference.first.text || !difference.here.text) {
    return 0;
  }
  const std::string& first = *difference.first.text;
  const std::string& here = *difference.here.text;
  const auto at = static_cast<std::size_t>(std::mismatch(first.begin(), first.end(), here.begin(), here.end()).first -
                                           first.begin());
  return at < kShown ? 0 : at - kShown / 2;
}

std::string difference_text(const KernelRun& first, const KernelRun& here, const Difference& difference) {
  const std::size_t width = std::max(first.kernel.size(), here.kernel.size());
  const std::size_t from = beginning(difference);
  std::string text = fmt::format("\n the first line of {} that differs on {}:\n", difference.stream, here.kernel);
  for (const auto& [kernel, line] :
       {std::pair(&first.kernel, &difference.first), std::pair(&here.kernel, &difference.here)}) {
    text += fmt::format("  {:<{}}  {:>4}: {}\n", *kernel, width, line->number, shown(line->text, from));
  }
  return text;
}

nlohmann::ordered_json line_json(const NumberedLine& line) {
  nlohmann::ordered_json json;
  json["line"] = line.number;
  json["text"] = line.text ? nlohmann::ordered_json(*line.text) : nlohmann::ordered_json();
  return json;
}

nlohmann::ordered_json run_json(const KernelRun& run) {
  nlohmann::ordered_json json;
  json["kernel"] = run.kernel;
  json["ran"] = run.end.has_value();
  if (!run.end) {
    return json;
  }
  json["exit_code"] = shell_code(*run.end);
  json["signal"] = WIFSIGNALED(run.end->status) ? nlohmann::ordered_json(signal_name(WTERMSIG(run.end->status)))
                                                : nlohmann::ordered_json();
  json["faults"] = run.counted.faults;
  json["extents"] = run.counted.extents;
  json["sigbus"] = run.counted.sigbus;
  json["compared_in_full"] = run.whole;
  json["differences"] = nlohmann::ordered_json::array();
  for (const Difference& difference : run.differences) {
    json["differences"].push_back(
        {{"stream", difference.stream}, {"first", line_json(difference.first)}, {"here", line_json(difference.here)}});
  }
  return json;
}

} // namespace

ChildEnd KernelTable::end() const {
  for (const KernelRun& run : runs) {
    if (run.end && !is_success(*run.end)) {
      return *run.end;
    }
  }
  // Ended by the user between successes: not every kernel was asked.
  for (const KernelRun& run : runs) {
    if (run.end && run.end->asked_to_end != 0) {
      return {.status = run.end->asked_to_end, .asked_to_end = run.end->asked_to_end};
    }
  }
  return {};
}

std::string kernel_table_text(const KernelTable& table) {
  std::string text = fmt::format("\n '{}' on each kernel:\n\n", on_one_line(joined(table.command, " ")));
  text += fmt::format(" {:<8}{:>8}{:>12}{:>12}  {}\n", "kernel", "exit", "faults", "SIGBUS", "output");
  for (const KernelRun& run : table.runs) {
    const std::string faults = run.end ? std::to_string(run.counted.faults) : "";
    const std::string sigbus = run.end ? std::to_string(run.counted.sigbus) : "";
    text += fmt::format(" {:<8}{:>8}{:>12}{:>12}  {}", run.kernel, exit_text(run), faults, sigbus,
                        output_text(run, &run == &table.runs.front()));
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  }
  for (const KernelRun& run : table.runs) {
    for (const Difference& difference : run.differences) {
      text += difference_text(table.runs.front(), run, difference);
    }
  }
  return text + "\n";
}

std::string kernel_table_json(const KernelTable& table) {
  nlohmann::ordered_json json;
  json["command"] = table.command;
  json["exit_code"] = shell_code(table.end());
  json["kernels"] = nlohmann::ordered_json::array();
  for (const KernelRun& run : table.runs) {
    json["kernels"].push_back(run_json(run));
  }
  // Programs print what they like; what is no UTF-8 is replaced.
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

} // namespace daxemu::cli
