#include "runtime/preload/procfs/process_maps.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

#include <sys/mman.h>
#include <sys/sysmacros.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/units.hpp"
#include "runtime/fault/devices/device_view.hpp"
#include "runtime/fault/space/address_space.hpp"
#include "runtime/preload/procfs/device_node.hpp"
#include "runtime/preload/procfs/maps_line.hpp"
#include "runtime/preload/procfs/present.hpp"
#include "runtime/preload/procfs/smaps_fields.hpp"

namespace daxemu::preload {
namespace {

using fault::Vma;

// What mappings have where a device has no bytes: the library's, and the supervisor's.
constexpr std::string_view kFiller = "/memfd:daxemu-beyond-end";
constexpr std::string_view kFillerFromOutside = "/memfd:daxemu-filler";

// --- Mappings of which only the kernel knows: of another process, or made past the C library ---

// The device whose memory a line's file is.
const store::DeviceRecord* device_of(const ProcSource& source, const MapsLine& line) {
  return line.inode == 0 ? nullptr
                         : source.store.device_of_bytes(makedev(line.major_number, line.minor_number), line.inode);
}

// What the kernel says of the file that is mapped.
void name_node(const DeviceNode& node, MapsLine& line) {
  line.major_number = major(node.about.st_dev);
  line.minor_number = minor(node.about.st_dev);
  line.inode = node.about.st_ino;
  line.name = node.path.view();
}

class NamedMaps {
public:
  NamedMaps(const ProcSource& source, const ProcPath& path, TextFile& out) : source_(source), out_(out) {
    std::string_view digits = path.process;
    std::uint64_t process = 0;
    process_ = take_number(digits, process) ? static_cast<pid_t>(process) : sys::getpid();
  }

  void take(std::string_view line) {
    MapsLine real;
    if (!real.parse(line)) {
      put_field(line);
      return;
    }
    const bool filler = real.name.starts_with(kFiller) || real.name.starts_with(kFillerFromOutside);
    const store::DeviceRecord* device = device_of(source_, real);
    if (filler && device_ != nullptr && real.start == end_) { // behind the device's end, or in the place of an extent
      device = device_;
      real.offset = offset_;
    }
    // Of what is behind the end nothing is there.
    here_ = device != nullptr && !filler ? real : MapsLine();
    device_ = device;
    end_ = real.end;
    offset_ = real.offset + (real.end - real.start);
    const auto node = device == nullptr ? std::nullopt : node_of_device(source_, *device);
    if (!node) {
      out_.put(line);
      return;
    }
    changed_ = true;
    name_node(*node, real);
    LineText text;
    real.put(text);
    out_.put(text.view());
  }
  [[nodiscard]] bool changed() const { return changed_; }

private:
  // The page size is the extent's; what the backing and the engine add to the flags is not the device's: no-reserve,
  // hugetlb, userfaultfd. dax_mmap() asks for huge pages.
  void put_field(std::string_view line) {
    std::string_view rest = line;
    const std::string_view name = take_word(rest);
    LineText text;
    const bool ours = device_ != nullptr;
    if (ours && (name == "KernelPageSize:" || name == "MMUPageSize:")) {
      out_.put(text.put(name).blanks_to(16).decimal(device_->align >> 10, 8).put(" kB\n").view());
    } else if (ours && is_counted(name)) {
      const std::uint64_t kilobytes = counted(name) >> 10;
      out_.put(text.put(name).blanks_to(16).decimal(kilobytes, 8).put(" kB\n").view());
    } else if (ours && name == "VmFlags:") {
      constexpr std::string_view kOurs[] = {"nr", "ht", "um", "uw", "ui", "dd", "sd"};
      text.put("VmFlags: ");
      for (std::string_view flag = take_word(rest); !flag.empty(); flag = take_word(rest)) {
        if (std::find(std::begin(kOurs), std::end(kOurs), flag) == std::end(kOurs)) {
          text.put(flag).put(" ");
        }
      }
      out_.put(text.put("sd hg \n").view()); // any mapping is as if written to (mmap_region)
    } else {
      out_.put(line);
    }
  }

  // Fields that tell of pages (show_smap), in which the kernel counts those of the memory file.
  static bool is_counted(std::string_view name) {
    constexpr std::string_view kCounted[] = {"Rss:",
                                             "Pss:",
                                             "Pss_Dirty:",
                                             "Shared_Clean:",
                                             "Shared_Dirty:",
                                             "Private_Clean:",
                                             "Private_Dirty:",
                                             "Referenced:",
                                             "Anonymous:",
                                             "ShmemPmdMapped:",
                                             "FilePmdMapped:",
                                             "Shared_Hugetlb:",
                                             "Private_Hugetlb:"};
    return std::find(std::begin(kCounted), std::end(kCounted), name) != std::end(kCounted);
  }
  // As smaps_fields.hpp says of mappings of this process.
  std::uint64_t counted(std::string_view name) const {
    constexpr std::string_view kOfResident[] = {"Rss:", "Pss:", "Pss_Dirty:", "Private_Dirty:", "Referenced:"};
    const bool resident = std::find(std::begin(kOfResident), std::end(kOfResident), name) != std::end(kOfResident);
    const bool seen = (source_.store.profile().resident_in_smaps & device_->align) != 0;
    return resident && seen ? present_bytes(process_, here_.start, here_.end, device_->align) : 0;
  }

  const ProcSource& source_;
  TextFile& out_;
  pid_t process_ = 0;
  MapsLine here_;                               // whose fields follow
  const store::DeviceRecord* device_ = nullptr; // whose mapping the lines are about
  std::uint64_t end_ = 0;                       // of the mapping before
  std::uint64_t offset_ = 0;                    // of what would follow it
  bool changed_ = false;
};

// --- Mappings of this process ---

// The line of `vma`. False: its node is gone.
bool put_header(const ProcSource& source, const Vma& vma, TextFile& out) {
  const auto node = node_of_device(source, vma.view->device());
  const auto letter = [&vma](int right, char name) {
    return (vma.prot & static_cast<unsigned>(right)) != 0 ? name : '-';
  };
  const char rights[] = {letter(PROT_READ, 'r'), letter(PROT_WRITE, 'w'), letter(PROT_EXEC, 'x'), 's'};
  MapsLine line;
  line.start = vma.start;
  line.end = vma.end;
  line.rights = {rights, sizeof rights};
  line.offset = vma.file_offset();
  if (node) {
    name_node(*node, line);
  }
  LineText text;
  line.put(text);
  out.put(text.view());
  return node.has_value();
}

// VmFlags, in the order of their bits (show_smap_vma_flags).
void put_flags(const Vma& vma, TextFile& out) {
  struct Flag {
    std::string_view name;
    bool set;
  };
  const bool writable = vma.has(fault::kMayWrite);
  const Flag flags[] = {
      {"rd", (vma.prot & PROT_READ) != 0},
      {"wr", (vma.prot & PROT_WRITE) != 0},
      {"ex", (vma.prot & PROT_EXEC) != 0},
      {"sh", writable}, // VM_SHARED goes where the file is not open for writing (do_mmap)
      {"mr", true},
      {"mw", writable},
      {"me", true},
      {"ms", true},
      {"sr", vma.has(fault::kSequential)},
      {"rr", vma.has(fault::kRandom)},
      {"dc", vma.has(fault::kDontFork)},
      {"nr", vma.has(fault::kNoReserve)},
      {"sf", vma.has(fault::kSync)},
      {"dd", vma.has(fault::kDontDump)},
      {"sd", true},
      {"hg", vma.has(fault::kHuge)},
      {"nh", vma.has(fault::kNoHuge)},
      {"sl", vma.has(fault::kSealed)},
  };
  LineText text;
  text.put("VmFlags: ");
  for (const Flag& flag : flags) {
    if (flag.set) {
      text.put(flag.name).put(" ");
    }
  }
  out.put(text.put("\n").view());
}

// The fields of `vma` in smaps.
void put_fields(const fault::AddressSpace& space, const Vma& vma, TextFile& out) {
  const bool newer = space.profile().smaps_has_ksm;
  for (const SmapsField& field : smaps_fields(space, vma)) {
    if (field.name == kKsm && !newer) {
      continue;
    }
    LineText text;
    put_smaps_field(field, text);
    out.put(text.view());
  }
  LineText text;
  text.put(newer ? "THPeligible:           0\n" : "THPeligible:    0\n")
      .put("ProtectionKey:")
      .decimal(vma.flags >> fault::kPkeyShift, 10)
      .put("\n");
  out.put(text.view());
  put_flags(vma, out);
}

// Goes through the kernel's lines; where they are about mappings of ours, those are printed in their place.
class OwnMaps {
public:
  OwnMaps(const ProcSource& source, const ProcPath& path, bool fields, TextFile& out)
      : source_(source), fields_(fields), out_(out), others_(source, path, out) {}

  void take(std::string_view line) {
    MapsLine real;
    if (real.parse(line)) {
      ours_ = source_.mappings.mapping_in(real.start, real.end).has_value();
    } else if (ours_) {
      return; // of smaps, about a mapping of ours
    }
    if (!ours_) {
      others_.take(line);
      return;
    }
    changed_ = true;
    // The kernel may have joined pieces of several mappings of ours, with each other and with what is not.
    for (std::uint64_t at = real.start; at < real.end;) {
      const auto vma = source_.mappings.mapping_in(at, real.end);
      const std::uint64_t begin = vma ? std::max(vma->start, at) : real.end;
      if (at < begin) {
        put_rest(line, real, at, begin);
        ours_ = false;
      }
      if (vma && vma->start >= printed_) {
        printed_ = vma->end;
        put_header(source_, *vma, out_);
        if (fields_) {
          put_fields(source_.mappings, *vma, out_);
        }
      }
      at = vma ? vma->end : real.end;
    }
  }

  [[nodiscard]] bool changed() const { return changed_ || others_.changed(); }

private:
  void put_rest(std::string_view line, const MapsLine& real, std::uint64_t from, std::uint64_t to) {
    if (from == real.start && to == real.end) {
      out_.put(line);
      return;
    }
    MapsLine part = real;
    part.start = from;
    part.end = to;
    part.offset += real.inode != 0 ? from - real.start : 0;
    LineText text;
    part.put(text);
    out_.put(text.view());
  }

  const ProcSource& source_;
  bool fields_;
  TextFile& out_;
  NamedMaps others_;
  bool changed_ = false;
  bool ours_ = false;         // the fields that follow are of a mapping of ours
  std::uint64_t printed_ = 0; // mappings of ours that begin below are out
};

// Lines of a maps file, but for those of the pages by which mappings keep a device's open file (fault::OpenFiles): a
// mapping of device-dax does so by itself.
class ShownLines {
public:
  ShownLines(const ProcSource& source, int real) : source_(source), lines_(real) {}

  // As Lines::next().
  std::string_view next() {
    for (std::string_view line = lines_.next();; line = lines_.next()) {
      if (MapsLine real; real.parse(line)) {
        const dev_t system = makedev(real.major_number, real.minor_number);
        keeps_file_ = source_.store.device_of_node(system, real.inode) != nullptr ||
                      (real.rights == "---p" && store::find_bind(source_.store, system, real.inode));
      }
      if (line.empty() || !keeps_file_) {
        return line;
      }
      hid_ = true;
    }
  }
  [[nodiscard]] bool hid() const { return hid_; }

private:
  const ProcSource& source_;
  Lines lines_;
  bool keeps_file_ = false; // what the lines are about
  bool hid_ = false;
};

template <class Maps>
bool render_by(Maps maps, const ProcSource& source, int real) {
  ShownLines lines(source, real);
  for (std::string_view line = lines.next(); !line.empty(); line = lines.next()) {
    maps.take(line);
  }
  return maps.changed() || lines.hid();
}

bool render(const ProcSource& source, const ProcPath& path, int real, TextFile& out, bool fields) {
  return path.own ? render_by(OwnMaps(source, path, fields, out), source, real)
                  : render_by(NamedMaps(source, path, out), source, real);
}

} // namespace

bool render_maps(const ProcSource& source, const ProcPath& path, int real, TextFile& out) {
  return render(source, path, real, out, false);
}

bool render_smaps(const ProcSource& source, const ProcPath& path, int real, TextFile& out) {
  return render(source, path, real, out, true);
}

} // namespace daxemu::preload
