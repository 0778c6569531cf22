#include "runtime/cli/command_line/manual.hpp"

#include <algorithm>
#include <array>

namespace daxemu::cli {
namespace {

// In the order of --help. Each example must parse (a test).
constexpr auto kManuals = std::to_array<VerbManual>({
    {"run",
     "The command sees /dev/daxX.Y, the dax bus under /sys and the device's faults and errors as it would on the "
     "kernel that --kernel names. Its platform lives as long as it runs, unless --platform names one that daxemu "
     "create made.\n\n"
     "Signals reach the command, and the exit status is its own. Where the machine has a device-dax that fits, the "
     "command gets that one (see --mode), and daxemu says so.\n\n"
     "With --kernel all the command runs on one kernel after the other, each time on a new platform. What it prints on "
     "the first is passed on; behind its last run stands a table: exit status or signal, faults, touches answered by "
     "SIGBUS, and the first lines of output that differ from the first kernel's (--ignore leaves out lines that always "
     "do). The exit status is that of the first kernel on which it was not 0. A command that reads standard "
     "input reads the same each time if that is a file, and nothing from a terminal or a pipe. A signal that asks for "
     "an end ends "
     "all.",
     "daxemu run --size 4G --align 2M -- ./app /dev/dax0.0\n"
     "daxemu run --size 2G --align 1G --stats -- daxctl list -DRM -u\n"
     "daxemu run --image disk.img -- ./app\n"
     "daxemu run --kernel all -- ./test\n"
     "daxemu run --region cxl --ways 2 -- cxl list -RT\n"
     "daxemu run --region cxl --no-device -- sh make-regions.sh"},
    {"stat",
     "Prints, when the command has ended, what each device counted meanwhile: faults, extents, bytes, mappings, "
     "SIGBUS, "
     "poison; and the command's time.",
     "daxemu stat --size 2G -- ./app\n"
     "daxemu stat --json -o counts.json -- fio job.fio"},
    {"top",
     "A screen of devices, the state of each extent, and the processes with their pins. Keys: q quits, up and down "
     "choose a device, p pauses. The extent map marks each cell with the most telling of its extents' states.",
     "daxemu top\n"
     "daxemu top --platform lab --interval 0.2\n"
     "daxemu top --once"},
    {"trace",
     "Writes the Trace Event format that Perfetto (ui.perfetto.dev) and chrome://tracing open and daxemu report reads. "
     "The newest events are kept; how many were overwritten is said.",
     "daxemu trace -o t.json -- fio job.fio\n"
     "daxemu trace --symbols --size 2G -- ./app"},
    {"report",
     "One HTML file that needs no network: extents over time, how long first touches waited, how long pages were "
     "pinned, and what else happened. Give a command behind -- to run it, or the file of an earlier daxemu trace.",
     "daxemu report --size 2G -o run.html -- ./app\n"
     "daxemu report t.json\n"
     "daxemu report --against run.html -o now.html -- ./app"},
    {"create",
     "A named platform outlives the processes that use it: until daxemu destroy, or the next boot. With --image its "
     "contents outlive that too.",
     "daxemu create lab --size 64G --align 1G\n"
     "daxemu create lab --size 4G --with dax0.1=2G --free 8G\n"
     "daxemu create lab --region cxl --preset pmem --image folder\n"
     "daxemu create lab --config platform.json"},
    {"sync", "What changed since the last write-back is written to the image files, checked and whole by extent.",
     "daxemu sync lab"},
    {"crash",
     "The platform's processes are killed, and its devices hold again what their images hold: what was not synced is "
     "lost, by extent or, torn, by page.",
     "daxemu crash lab --lose torn --seed 7"},
    {"poison",
     "What memory_failure() does: the extent goes out of every mapping, a touch is SIGBUS (BUS_MCEERR_AR), a read EIO "
     "or EFAULT as the kernel has it. Of a CXL memdev the address is the device's: its list of media errors has it, "
     "and "
     "the device of a region that decodes it fails there too.",
     "daxemu poison dax0.0 --offset 2M\n"
     "daxemu poison dax0.0 --offset 2M --clear\n"
     "daxemu poison mem0 --offset 2M"},
    {"pins",
     "What dead processes held is released first, and said. The kernel's own holds are listed too: buffers registered "
     "with "
     "io_uring, pages in pipes, RDMA memory regions. run --pin-sites also records which code took each hold.",
     "daxemu pins\n"
     "daxemu pins dax0.0 --platform lab --json"},
    {"destroy", "Refused while processes use the platform, unless --force is given.",
     "daxemu destroy lab\n"
     "daxemu destroy lab --keep"},
    {"list",
     "Inside daxemu run it lists that platform alone. A CXL bus has a table of its own: memdevs, windows, regions.",
     "daxemu list\n"
     "daxemu list --json\n"
     "daxemu list --tree\n"
     "daxemu list --cxl --json"},
    {"record",
     "A platform file says what the machine has: regions of the dax and nd buses with their devices, sizes, "
     "alignments, "
     "nodes and drivers, the CXL bus with its windows and regions. It goes to the standard output; what it cannot say, "
     "and what only root may read, is said on standard error and in its \"notes\". Root is not needed: without it "
     "physical "
     "addresses are missing. Inside daxemu run the platform is recorded.",
     "daxemu record\n"
     "daxemu record --anonymous\n"
     "daxemu record --from copy-of-sys --kernel 6.12"},
    {"enable", "As daxctl enable-device, from outside the platform.", "daxemu enable dax0.1 --platform lab"},
    {"disable",
     "As daxctl disable-device. Whoever has the device mapped loses the mapping's pages: a touch is SIGBUS, as on a "
     "real device.",
     "daxemu disable all --platform lab"},
    {"reconfigure", "As daxctl reconfigure-device: between devdax and system-ram mode, or another size or alignment.",
     "daxemu reconfigure dax0.0 --mode system-ram\n"
     "daxemu reconfigure dax0.0 --size 1G --align 1G"},
    {"doctor", "Exits 1 if something is missing without which nothing works.", "daxemu doctor"},
    {"completion", "Prints the script by which a shell completes daxemu's verbs, flags, platforms and devices.",
     "daxemu completion bash"},
});

constexpr auto kEnvironment = std::to_array<Term>({
    {"DAXEMU", "The mode: auto, emulate or kernel; --mode goes before it."},
    {"DAXEMU_KERNEL", "The kernel to behave as, such as 6.12; --kernel goes before it. Set by daxemu run."},
    {"DAXEMU_PLATFORM", "Name or location of the platform that a preloaded program sees. Set by daxemu run."},
    {"DAXEMU_KEEPER", "How a program that may not open the platform's files asks for them. Set by daxemu run."},
    {"DAXEMU_PRELOAD", "Another file to use as libdaxemu-preload.so."},
    {"DAXEMU_HOME", "The folder of named platforms, in place of /dev/shm/daxemu-UID."},
    {"DAXEMU_PIN_SITES", "Record which code pins memory. Set by daxemu run --pin-sites."},
    {"DAXEMU_PLUGIN",
     "A memory type to load into programs that use libdaxemu: the file of a plugin. Set by daxemu run --plugin."},
    {"DAXEMU_TRACE", "Where events go. Set by daxemu trace and daxemu report."},
    {"NO_COLOR", "If not empty: no colours (no-color.org)."},
    {"COLUMNS, LINES", "Size of the picture of daxemu top --once where there is no terminal."},
});

constexpr auto kExits = std::to_array<Term>({
    {"0",
     "Done. With a command behind --: its own exit status, whatever it is; if a signal ended it, the same signal."},
    {"1", "doctor: something is missing without which nothing works."},
    {"125", "Refused: bad input, or the machine cannot do it. One line on standard error says what and the remedy."},
    {"126", "The command exists but cannot be run under daxemu."},
    {"127", "There is no such command."},
});

constexpr auto kFiles = std::to_array<Term>({
    {"/dev/shm/daxemu-UID/", "Named platforms of the user of that number, a folder each."},
    {"libdaxemu-preload.so", "What is loaded into the command (LD_PRELOAD), beside the daxemu command's own prefix."},
});

} // namespace

std::span<const VerbManual> verb_manuals() {
  return kManuals;
}
const VerbManual* manual_of(std::string_view verb) {
  const auto* found =
      std::find_if(kManuals.begin(), kManuals.end(), [&](const VerbManual& manual) { return manual.verb == verb; });
  return found == kManuals.end() ? nullptr : found;
}
std::span<const Term> environment_terms() {
  return kEnvironment;
}
std::span<const Term> exit_terms() {
  return kExits;
}
std::span<const Term> file_terms() {
  return kFiles;
}

} // namespace daxemu::cli
