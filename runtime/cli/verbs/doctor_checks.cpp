#include "runtime/cli/verbs/doctor_checks.hpp"

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <liburing.h>
#include <linux/memfd.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "emu/backing/advised_file.hpp"
#include "emu/backing/hugetlb_pool.hpp"
#include "emu/backing/placement.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/profile.hpp"
#include "emu/base/text/size_text.hpp"
#include "emu/base/units.hpp"
#include "runtime/cli/stage/preload_path.hpp"
#include "runtime/cli/stage/supervised.hpp"
#include "runtime/fault/engines/probe.hpp"
#include "runtime/kernel/real_device.hpp"
#include "runtime/supervise/install/injection.hpp"

namespace daxemu::cli {
namespace {

std::string first_line(const char* file) {
  std::string line;
  std::ifstream stream(file);
  std::getline(stream, line);
  return line;
}

// The value behind `key` in a "Key:   value" file such as /proc/self/status.
std::string field_of(const char* file, const std::string& key) {
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with(key + ":")) {
      const std::size_t value = line.find_first_not_of(" \t", key.size() + 1);
      return value == std::string::npos ? "" : line.substr(value);
    }
  }
  return {};
}

// "always [madvise] never" -> "madvise"
std::string selected_word(const std::string& choices) {
  const std::size_t open = choices.find('[');
  const std::size_t close = choices.find(']');
  return open == std::string::npos || close == std::string::npos ? choices : choices.substr(open + 1, close - open - 1);
}

Finding kernel_release(std::vector<Finding>&) {
  struct utsname name = {};
  ::uname(&name);
  return {"kernel", Verdict::good, fmt::format("{} {}", name.sysname, name.release), ""};
}

Finding mirrored_kernel(std::vector<Finding>&) {
  const auto chosen = chosen_profile(kKernelVariable, "");
  if (!chosen) {
    return {"mirrored kernel", Verdict::missing, chosen.error().what, chosen.error().remedy};
  }
  const bool asked = std::getenv(kKernelVariable) != nullptr;
  return {"mirrored kernel", Verdict::good,
          fmt::format("{} ({}); --kernel takes {}{}{}", chosen->profile->name, asked ? kKernelVariable : "the default",
                      known_kernels(), chosen->note.empty() ? "" : ". ", chosen->note),
          ""};
}

Finding preload(std::vector<Finding>&) {
  auto library = find_preload_library();
  if (library) {
    return {"preload library", Verdict::good, *library, ""};
  }
  return {"preload library", Verdict::missing, library.error().what, library.error().remedy};
}

// Every engine with a reason where it is refused; the last line is what `--engine auto` takes.
Finding engines(std::vector<Finding>& report) {
  const fault::Probe probe = fault::probe();
  report.push_back({"userfaultfd",
                    probe.full ? Verdict::good : (probe.user_mode_only ? Verdict::limited : Verdict::missing),
                    probe.detail, probe.remedy});
  report.push_back({"noted writes", probe.tracks ? Verdict::good : Verdict::limited,
                    probe.tracks ? "the kernel notes them: run --write-back reads what was written to"
                                 : "not by this kernel: run --write-back reads all that was ever touched",
                    probe.tracks ? "" : "use Linux 6.7 or newer, with userfaultfd allowed"});
  const bool handler = probe.engine == store::EngineKind::handler;
  return {"engine", handler ? Verdict::good : Verdict::limited,
          handler ? "handler: a thread serves each first touch through userfaultfd"
                  : "populate: the kernel serves first touches itself; extents count as touched when mapped",
          handler ? "" : "what userfaultfd needs, see above"};
}

// Programs that load no library: what run --intercept takes for them.
Finding other_programs(std::vector<Finding>&) {
  constexpr const char* kTopic = "static and Go programs";
  if (const auto can = check_notifications(); !can) {
    return {kTopic, Verdict::limited, can.error().what, can.error().remedy};
  }
  if (const auto can = supervise::try_injection(); !can) {
    return {kTopic, Verdict::limited,
            fmt::format("their calls are answered from outside, but devices cannot be mapped: ptrace is refused ({})",
                        std::strerror(can.error().value)),
            "allow ptrace: the container's seccomp profile, or as root sysctl kernel.yama.ptrace_scope=1"};
  }
  const char* const touches = fault::probe().full ? ", and first touches served (userfaultfd)" : ", engine populate";
  return {kTopic, Verdict::good,
          std::string("their system calls are answered from outside (seccomp notifications, ptrace)") + touches, ""};
}

bool in_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream directories(path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin");
  for (std::string directory; std::getline(directories, directory, ':');) {
    directory.append("/").append(program);
    if (::access(directory.c_str(), X_OK) == 0) {
      return true;
    }
  }
  return false;
}

// What runs or watches programs decides which engine works in them (runtime/fault/engines/overseer.hpp).
Finding overseers(std::vector<Finding>& report) {
  constexpr const char* kInValgrind = "programs in it get engine populate, inline if that is asked for";
  constexpr const char* kInDebugger = "programs started in it get engine populate unless one is asked for";
  const bool valgrind = in_path("valgrind");
  report.push_back({"valgrind", Verdict::good, valgrind ? kInValgrind : "not installed", ""});
  const bool debugger = in_path("gdb") || in_path("lldb");
  return {"debugger", Verdict::good, debugger ? kInDebugger : "not installed", ""};
}

Finding io_uring(std::vector<Finding>&) {
  struct io_uring ring = {};
  const int result = ::io_uring_queue_init(2, &ring, 0);
  if (result == 0) {
    ::io_uring_queue_exit(&ring);
    return {"io_uring", Verdict::good, "allowed", ""};
  }
  return {"io_uring", Verdict::limited, fmt::format("refused: {}; the handler polls instead", std::strerror(-result)),
          "as root: echo 0 > /proc/sys/kernel/io_uring_disabled, or allow it in the container's seccomp profile"};
}

Finding huge_pages(std::vector<Finding>& report) {
  const auto pools = backing::hugetlb_pools();
  Finding last{"huge pages", Verdict::missing, "this kernel has no hugetlb", "devices use shmem"};
  for (const backing::HugetlbPool& pool : pools) {
    if (last.topic != "huge pages") {
      report.push_back(last);
    }
    const std::uint64_t bytes = pool.available() * pool.page_size;
    last = {fmt::format("huge pages of {}", size_text(pool.page_size)),
            pool.available() > 0 ? Verdict::good : Verdict::limited,
            pool.available() > 0
                ? fmt::format("{} of {} available: devices up to {}", pool.available(), pool.total, size_text(bytes))
                : fmt::format("0 of {} available: devices use shmem", pool.total),
            pool.available() > 0 ? ""
                                 : fmt::format("as root: echo N > /sys/kernel/mm/hugepages/hugepages-{}kB/nr_hugepages",
                                               pool.page_size / 1024)};
  }
  return last;
}

Finding shmem_thp(std::vector<Finding>&) {
  const std::string word = selected_word(first_line("/sys/kernel/mm/transparent_hugepage/shmem_enabled"));
  if (word == "always" || word == "advise" || word == "within_size" || word == "force") {
    return {"shmem huge pages", Verdict::good, fmt::format("shmem_enabled={}", word), ""};
  }
  if (word == "never" && backing::advised_file("daxemu-doctor")) {
    return {"shmem huge pages", Verdict::good,
            "shmem_enabled=never: what extents of 2M get from an image is on a tmpfs of its own, which may have them",
            ""};
  }
  return {"shmem huge pages", Verdict::limited,
          fmt::format("shmem_enabled={}: extents of 2M from an image get small pages", word.empty() ? "absent" : word),
          "as root: echo advise > /sys/kernel/mm/transparent_hugepage/shmem_enabled"};
}

Finding memory_files(std::vector<Finding>&) {
  const auto raw = sys::memfd_create("daxemu-doctor", MFD_CLOEXEC);
  if (!raw) {
    return {"memory files", Verdict::missing, fmt::format("memfd_create: {}", std::strerror(raw.error().value)),
            "allow memfd_create(2) in the container's seccomp profile"};
  }
  const UniqueFd fd(*raw);
  const auto again = sys::open(fmt::format("/proc/{}/fd/{}", sys::getpid(), fd.get()).c_str(), O_RDWR | O_CLOEXEC);
  if (!again) {
    return {"memory files", Verdict::missing,
            fmt::format("/proc/PID/fd cannot be opened: {}", std::strerror(again.error().value)),
            "mount /proc without hidepid, and run as the user who owns the platform"};
  }
  (void)sys::close(*again);
  return {"memory files", Verdict::good, "memfd_create and /proc/PID/fd work", ""};
}

Finding seccomp(std::vector<Finding>&) {
  const std::string mode = field_of("/proc/self/status", "Seccomp");
  if (mode == "2") {
    return {"seccomp", Verdict::limited, "a filter is active here (a container?)",
            "if something above is refused, run with a profile that allows it"};
  }
  return {"seccomp", Verdict::good, mode == "0" ? "no filter" : fmt::format("mode {}", mode), ""};
}

Finding limits(std::vector<Finding>& report) {
  const std::string maps = first_line("/proc/sys/vm/max_map_count");
  report.push_back({"vm.max_map_count", Verdict::good, maps, ""});
  struct rlimit limit = {};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const bool few = limit.rlim_cur < 64;
  return {"open files", few ? Verdict::limited : Verdict::good, fmt::format("{} per process", limit.rlim_cur),
          few ? "raise it: ulimit -n 1024" : ""};
}

Finding numa(std::vector<Finding>&) {
  auto topology = backing::Topology::load();
  if (!topology) {
    return {"NUMA nodes", Verdict::limited, topology.error().what, topology.error().remedy};
  }
  std::string text;
  for (const backing::NumaNode& node : topology->nodes()) {
    text += fmt::format("{}node {} ({} MiB)", text.empty() ? "" : ", ", node.os_index, node.local_memory >> 20);
  }
  return {"NUMA nodes", Verdict::good, text, ""};
}

Finding real_device(std::vector<Finding>& report) {
  const auto devices = kernel::real_devices();
  for (const kernel::RealDevice& device : devices) {
    report.push_back({"real device-dax", Verdict::good,
                      fmt::format("{}: {}, extents of {}, {}", device.name, size_text(device.size),
                                  size_text(device.align), device.driver.empty() ? "no driver" : device.driver),
                      ""});
  }
  return {"--mode auto", Verdict::good,
          devices.empty() ? "emulates: this machine has no device-dax of its own"
                          : "uses the kernel's device of the wanted name where it fits",
          ""};
}

// What a machine without any CXL needs: nothing.
Finding cxl_bus(std::vector<Finding>&) {
  std::error_code ignored;
  std::size_t memdevs = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/sys/bus/cxl/devices", ignored)) {
    memdevs += entry.path().filename().string().starts_with("mem") ? 1 : 0;
  }
  return {"CXL", Verdict::good,
          fmt::format("--region cxl needs nothing of this machine{}",
                      memdevs == 0
                          ? ""
                          : fmt::format("; its own {} memdev{} are not seen there", memdevs, memdevs == 1 ? "" : "s")),
          ""};
}

using Check = Finding (*)(std::vector<Finding>&);
constexpr std::array<Check, 15> kChecks = {kernel_release, mirrored_kernel, preload,    engines,   other_programs,
                                           overseers,      io_uring,        huge_pages, shmem_thp, memory_files,
                                           seccomp,        limits,          numa,       cxl_bus,   real_device};

} // namespace

std::vector<Finding> examine_machine() {
  std::vector<Finding> report;
  for (const Check check : kChecks) {
    Finding last = check(report);
    report.push_back(std::move(last));
  }
  return report;
}

} // namespace daxemu::cli
