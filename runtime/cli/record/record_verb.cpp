// daxemu record: this machine's dax, nd and CXL devices as a platform file, which run --config and create --config
// replay.
#include <cstdlib>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/utsname.h>

#include "emu/base/profile.hpp"
#include "runtime/cli/command_line/commands.hpp"
#include "runtime/cli/plan/platform_file.hpp"
#include "runtime/cli/record/recorder.hpp"
#include "runtime/cli/text/terminal.hpp"

namespace daxemu::cli {
namespace {

// The kernel whose devices are recorded: the emulated one in daxemu run, else the machine's.
std::string kernel_here() {
  const char* platform = std::getenv("DAXEMU_PLATFORM");
  const char* mirrored = std::getenv(kKernelVariable);
  if (platform != nullptr && *platform != '\0' && mirrored != nullptr && *mirrored != '\0') {
    return mirrored;
  }
  utsname name{};
  return ::uname(&name) == 0 ? name.release : "";
}

class RecordVerb final : public Verb {
public:
  explicit RecordVerb(CLI::App& app) {
    CLI::App& verb = *app.add_subcommand("record", "Print this machine's dax, nd and CXL devices as a platform file");
    verb.add_flag("--anonymous", recorder_.anonymous, "Leave out serial numbers, uuids, names and firmware versions");
    verb.add_option("--from", from_, "A copy of another machine's /sys (cp -a), in place of this one's")
        ->type_name("FOLDER");
    verb.add_option("--kernel", kernel_, "The kernel that it is of, if it is not the one that runs here")
        ->type_name("VERSION");
  }

  int run(const std::vector<std::string>& /*command*/) override {
    if (!from_.empty()) {
      std::error_code wrong;
      recorder_.sys = SysNode(std::filesystem::canonical(from_, wrong));
      if (wrong || !recorder_.sys.child("bus").is_there()) {
        return refuse_with({{ENOENT, fmt::format("--from {} is no copy of /sys: it has no folder bus", from_),
                             "make one with: cp -a /sys FOLDER (what cannot be read is no loss)"},
                            kExitRefused});
      }
    }
    const auto profile = find_profile(kernel_.empty() ? kernel_here() : kernel_);
    if (!profile && !kernel_.empty()) {
      return refuse_with(
          {{EINVAL, fmt::format("--kernel {}: {}", kernel_, profile.error().what), profile.error().remedy},
           kExitRefused});
    }
    return print(profile ? *profile : ChosenProfile{});
  }

private:
  int print(const ChosenProfile& profile) {
    RecordJson regions = RecordJson::array();
    record_hmem(recorder_, regions);
    record_nd(recorder_, regions);
    RecordJson cxl = record_cxl(recorder_);
    if (regions.empty() && cxl.is_null()) {
      for (const std::string& told : recorder_.notes) {
        note(told);
      }
      return refuse_with({{ENODEV,
                           fmt::format("{} has no dax, nd or CXL device that can be recorded",
                                       from_.empty() ? std::string("this machine") : from_),
                           "load the drivers (dax_hmem, nd_pmem, cxl_acpi, cxl_mem), or write a file by hand: man "
                           "daxemu-run"},
                          kExitRefused});
    }
    if (recorder_.addresses_hidden) {
      recorder_.note("physical addresses are root's to read: replayed, memory is where there is room");
    }
    if (recorder_.labels_hidden) {
      recorder_.note("label areas are root's to read: their version is told by how many slots are free, and they are "
                     "taken to be of 128K");
    }
    if (!profile.note.empty()) {
      recorder_.note(profile.note);
    }
    RecordJson file;
    file["kernel"] = profile.profile->version;
    if (!recorder_.notes.empty()) {
      file["notes"] = recorder_.notes;
    }
    if (!regions.empty()) {
      file["regions"] = std::move(regions);
    }
    if (!cxl.is_null()) {
      file["cxl"] = std::move(cxl);
    }
    for (const std::string& told : recorder_.notes) {
      note(told);
    }
    const std::string text = file.dump(2);
    fmt::print("{}\n", text);
    if (const auto read = parse_platform(text, "the record"); !read) { // whoever sends it is told, not who gets it
      return refuse_with({{read.error().code, fmt::format("what is recorded cannot be replayed: {}", read.error().what),
                           "change the file there, or report this with it"},
                          kExitRefused});
    }
    return 0;
  }

  Recorder recorder_;
  std::string from_;
  std::string kernel_;
};

} // namespace

std::unique_ptr<Verb> add_record_verb(CLI::App& app) {
  return std::make_unique<RecordVerb>(app);
}

} // namespace daxemu::cli
