// daxemu run: an ephemeral platform with one device, for as long as a command runs.
#include <cstdlib>
#include <optional>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "emu/base/size_text.hpp"
#include "emu/dax/builder.hpp"
#include "runtime/cli/child.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/cli/executable.hpp"
#include "runtime/cli/platform_builder.hpp"
#include "runtime/cli/preload_path.hpp"
#include "runtime/cli/statistics.hpp"
#include "runtime/cli/terminal.hpp"
#include "runtime/kernel/mode.hpp"

namespace daxemu::cli {
namespace {

struct Flags {
  std::string size;
  std::string align;
  std::string device = "dax0.0";
  std::string region = "hmem";
  std::string backing = "auto";
  std::string engine = "auto";
  std::string mode;
  int numa_node = -1;
  bool stats = false;
  bool verbose = false;
};

struct Plan {
  PlatformOptions platform;
  kernel::Mode mode = kernel::Mode::automatic;
  kernel::Wanted wanted;
};

template <class Value>
struct Word {
  const char* text;
  Value value;
};

// The value of `text` in a table of words, or a refusal that lists them.
template <class Value, std::size_t Count>
Outcome<Value> word_value(const char* flag, const std::string& text, const Word<Value> (&words)[Count]) {
  std::string known;
  for (const Word<Value>& word : words) {
    if (text == word.text) {
      return word.value;
    }
    known += (known.empty() ? "" : ", ") + std::string(word.text);
  }
  return refuse(EINVAL, fmt::format("{} {} is not known", flag, text), "use one of: " + known);
}

constexpr Word<std::optional<store::BackingKind>> kBackings[] = {
    {"auto", std::nullopt}, {"hugetlb", store::BackingKind::hugetlb}, {"shmem", store::BackingKind::shmem}};
constexpr Word<store::EngineKind> kEngines[] = {{"auto", store::EngineKind::automatic},
                                                {"handler", store::EngineKind::handler},
                                                {"populate", store::EngineKind::populate}};
constexpr Word<store::RegionKind> kRegions[] = {{"hmem", store::RegionKind::hmem}, {"pmem", store::RegionKind::pmem}};

// Sets `value` if the flag was given.
Outcome<void> read_size(const char* flag, const std::string& text, std::optional<std::uint64_t>& value) {
  if (text.empty()) {
    return {};
  }
  const auto bytes = parse_size(text);
  if (!bytes) {
    return refuse(EINVAL, fmt::format("{} {} is no size", flag, text),
                  "give a number with K, M, G or T, such as 2M or 4G");
  }
  value = *bytes;
  return {};
}

Outcome<Plan> plan_of(const Flags& flags) {
  Plan plan;
  auto name = dax::parse_device_name(flags.device);
  if (!name) {
    return refuse(EINVAL, fmt::format("--device {} is no device name", flags.device), "use daxX.Y, such as dax0.0");
  }
  plan.platform.device = *name;
  plan.wanted.name = fmt::format("dax{}.{}", name->region, name->id);
  if (auto size = read_size("--size", flags.size, plan.wanted.size); !size) {
    return tl::unexpected(size.error());
  }
  if (auto align = read_size("--align", flags.align, plan.wanted.align); !align) {
    return tl::unexpected(align.error());
  }
  plan.platform.size = plan.wanted.size.value_or(plan.platform.size);
  plan.platform.align = plan.wanted.align.value_or(plan.platform.align);
  if (auto fine = dax::check_geometry(plan.platform.size, plan.platform.align); !fine) {
    return tl::unexpected(fine.error());
  }
  auto backing = word_value("--backing", flags.backing, kBackings);
  auto engine = word_value("--engine", flags.engine, kEngines);
  auto region = word_value("--region", flags.region, kRegions);
  const char* variable = std::getenv("DAXEMU");
  const std::string mode_text = !flags.mode.empty() ? flags.mode : (variable != nullptr ? variable : "auto");
  auto mode = kernel::parse_mode(mode_text);
  for (const Problem* problem : {backing ? nullptr : &backing.error(), engine ? nullptr : &engine.error(),
                                 region ? nullptr : &region.error(), mode ? nullptr : &mode.error()}) {
    if (problem != nullptr) {
      return tl::unexpected(*problem);
    }
  }
  plan.platform.backing = *backing;
  plan.platform.engine = *engine;
  plan.platform.region = *region;
  plan.mode = *mode;
  if (flags.numa_node >= 0) {
    plan.platform.numa_node = flags.numa_node;
  }
  return plan;
}

int exit_code_for(const Problem& problem) {
  switch (problem.code) {
  case ENOENT:
    return kExitNotFound;
  case EACCES:
  case ENOEXEC:
  case EPERM:
    return kExitNotRunnable;
  default:
    return kExitRefused;
  }
}

class RunVerb final : public Verb {
public:
  explicit RunVerb(CLI::App& app) {
    CLI::App& verb = *app.add_subcommand("run", "Run a command that sees an emulated device-dax");
    verb.add_option("--size", flags_.size, "Size of the device (default 4G)");
    verb.add_option("--align", flags_.align, "Size of its extents: 4K, 2M or 1G (default 2M)");
    verb.add_option("--device", flags_.device, "Its name (default dax0.0)");
    verb.add_option("--region", flags_.region, "Kind of region: hmem or pmem (default hmem)");
    verb.add_option("--backing", flags_.backing, "Where its bytes live: auto, hugetlb or shmem (default auto)");
    verb.add_option("--engine", flags_.engine,
                    "How first touches are served: auto, handler or populate (default auto)");
    verb.add_option("--numa-node", flags_.numa_node, "NUMA node of this machine its memory and handlers belong to");
    verb.add_option("--mode", flags_.mode, "auto, emulate or kernel (default: the variable DAXEMU, else auto)");
    verb.add_flag("--stats", flags_.stats, "Print faults, extents and bytes when the command has ended");
    verb.add_flag("--verbose,-v", flags_.verbose, "Say what was chosen and why");
    verb.footer("The command follows \"--\": daxemu run --size 2G -- fio job.fio");
  }

  int run(const std::vector<std::string>& command) override {
    if (command.empty()) {
      complain({EINVAL, "run has no command", "put it behind --, as in: daxemu run -- ls -l /dev/dax0.0"});
      return kExitRefused;
    }
    auto plan = plan_of(flags_);
    if (!plan) {
      complain(plan.error());
      return kExitRefused;
    }
    auto choice = kernel::choose(plan->mode, plan->wanted);
    if (!choice) {
      complain(choice.error());
      return kExitRefused;
    }
    return choice->real ? pass_through(*choice, command) : emulate(*plan, *choice, command);
  }

private:
  // The kernel's own device: the command runs as it would without us, and knows it (DAXEMU=kernel).
  int pass_through(const kernel::Choice& choice, const std::vector<std::string>& command) {
    note(choice.why);
    ::unsetenv("DAXEMU_PLATFORM");
    return finish(run_child({command[0], command, {{"DAXEMU", "kernel"}}}));
  }

  int emulate(const Plan& plan, const kernel::Choice& choice, const std::vector<std::string>& command) {
    auto path = find_executable(command[0]);
    if (!path) {
      complain(path.error());
      return exit_code_for(path.error());
    }
    auto library = find_preload_library();
    if (!library) {
      complain(library.error());
      return kExitRefused;
    }
    backing::MemfdSource memory;
    auto platform = build_platform(plan.platform, fmt::format("run-{}", ::getpid()), memory);
    if (!platform) {
      complain(platform.error());
      return kExitRefused;
    }
    if (flags_.verbose) {
      note(choice.why);
      note(statistics_text(platform->store));
    }
    const Command child{*path,
                        command,
                        {{"LD_PRELOAD", preload_value(*library, std::getenv("LD_PRELOAD"))},
                         {"DAXEMU_PLATFORM", platform->location},
                         {"DAXEMU", "emulate"}}};
    auto end = run_child(child);
    if (flags_.stats && end) {
      fmt::print(stderr, "{}", statistics_text(platform->store));
    }
    return finish(end);
  }

  static int finish(const Outcome<ChildEnd>& end) {
    if (!end) {
      complain(end.error());
      return exit_code_for(end.error());
    }
    end_like(*end);
  }

  Flags flags_;
};

} // namespace

std::unique_ptr<Verb> add_run_verb(CLI::App& app) {
  return std::make_unique<RunVerb>(app);
}

} // namespace daxemu::cli
