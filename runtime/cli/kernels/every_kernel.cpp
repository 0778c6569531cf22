#include "runtime/cli/kernels/every_kernel.hpp"

#include <csignal>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/cli/kernels/capture.hpp"
#include "runtime/cli/text/terminal.hpp"

namespace daxemu::cli {
namespace {

// What the command reads: the same on each kernel, or nothing.
class SameInput {
public:
  SameInput() : from_(::lseek(STDIN_FILENO, 0, SEEK_CUR)) {
    if (from_ < 0) {
      const UniqueFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
      nothing_ = UniqueFd(::fcntl(nothing.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    }
  }

  // The stream for the next command; -1: our own.
  [[nodiscard]] int rewound() const {
    if (from_ >= 0) {
      (void)::lseek(STDIN_FILENO, from_, SEEK_SET);
    }
    return nothing_.get();
  }

  // Did somebody give us what could not be given to each?
  [[nodiscard]] bool is_lost() const {
    struct stat about {};
    int there = 0;
    return nothing_ && ::fstat(STDIN_FILENO, &about) == 0 && (S_ISFIFO(about.st_mode) || S_ISSOCK(about.st_mode)) &&
           ::ioctl(STDIN_FILENO, FIONREAD, &there) == 0 && there > 0;
  }

private:
  off_t from_;
  UniqueFd nothing_;
};

Outcome<void> check_images(const PlatformPlan& platform) {
  for (const RegionPlan& region : platform.regions) {
    for (const DevicePlan& device : region.devices) {
      if (!device.image.empty() && !device.snapshot) {
        return refuse(
            EINVAL,
            fmt::format("--kernel {} would write to the image {} once for each kernel", kEveryKernel, device.image),
            "use --snapshot: each begins with the image's contents, and it stays as it is");
      }
    }
  }
  return {};
}

DeviceTotals totals_of(const store::Store& store) {
  DeviceTotals sum;
  for (const store::DeviceRecord& device : store.devices()) {
    if (device.state.load() != store::DeviceState::absent) {
      const DeviceTotals one = cli::totals_of(device);
      sum.faults += one.faults;
      sum.extents += one.extents;
      sum.sigbus += one.sigbus;
    }
  }
  return sum;
}

struct Played {
  KernelRun run;
  Outputs printed;
};

tl::expected<Played, Refusal> play(const Stage& stage, const SameInput& input, bool shown) {
  auto capture = Capture::start(shown);
  if (!capture) {
    return tl::unexpected(Refusal{capture.error(), kExitRefused});
  }
  Streams streams = (*capture)->streams();
  streams.input = input.rewound();
  const auto end = stage.play({}, streams);
  Played played;
  played.printed = (*capture)->finish();
  if (!end) {
    return tl::unexpected(end.error());
  }
  played.run.end = *end;
  played.run.counted = totals_of(*stage.store());
  played.run.statistics = statistics_text(*stage.store());
  if (played.run.end->asked_to_end == 0 && (*capture)->is_unheard()) {
    played.run.end->asked_to_end = SIGPIPE;
  }
  return played;
}

} // namespace

Outcome<std::vector<StagePlan>> every_kernel_plans(StageFlags flags) {
  flags.device.kernel = kProfiles.front().version; // each in turn, below
  const auto plan = stage_plan(flags);
  if (!plan) {
    return tl::unexpected(plan.error());
  }
  if (!plan->named.empty()) {
    return refuse(EINVAL,
                  fmt::format("the platform {} has its kernel, --kernel {} needs new ones", plan->named, kEveryKernel),
                  "leave out one of --platform and --kernel");
  }
  if (plan->mode == kernel::Mode::kernel) {
    return refuse(EINVAL,
                  fmt::format("in mode kernel there is this machine's kernel alone, not --kernel {}", kEveryKernel),
                  "use --mode emulate, or leave out --kernel");
  }
  if (auto fine = check_images(plan->platform); !fine) {
    return tl::unexpected(fine.error());
  }
  std::vector<StagePlan> plans;
  for (const Profile& profile : kProfiles) {
    plans.push_back(*plan);
    plans.back().mode = kernel::Mode::emulate;
    plans.back().platform.kernel = profile.id;
  }
  return plans;
}

tl::expected<KernelTable, Refusal> play_on_every_kernel(const std::vector<StagePlan>& plans,
                                                        const std::vector<std::string>& command,
                                                        const IgnoredLines& ignored, const BeforeKernel& before) {
  const SameInput input;
  KernelTable table{command, {}};
  Outputs first;
  bool go_on = true;
  for (std::size_t at = 0; at < plans.size(); ++at) {
    KernelRun run;
    if (go_on) {
      const auto stage = Stage::set_up("run", plans[at], command); // ends with this round, and its platform with it
      if (!stage) {
        return tl::unexpected(stage.error());
      }
      before(*stage, at);
      auto played = play(*stage, input, at == 0);
      if (!played) {
        return tl::unexpected(played.error());
      }
      run = std::move(played->run);
      go_on = run.end->asked_to_end == 0;
      if (at == 0) {
        first = std::move(played->printed);
      } else if (go_on) {
        run.differences = first_differences(first, played->printed, ignored);
        run.whole = first.out.whole && first.error.whole && played->printed.out.whole && played->printed.error.whole;
      }
    }
    run.kernel = profile_of(plans[at].platform.kernel).version;
    table.runs.push_back(std::move(run));
  }
  if (input.is_lost()) {
    note("standard input is no file that each could read from its beginning, so the command read nothing; redirect "
         "it from a file");
  }
  return table;
}

} // namespace daxemu::cli
