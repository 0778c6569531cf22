#include "runtime/preload/procfs/process_maps.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

#include <sys/mman.h>
#include <sys/sysmacros.h>

#include "emu/base/units.hpp"
#include "runtime/fault/address_space.hpp"
#include "runtime/fault/device_view.hpp"
#include "runtime/preload/procfs/device_node.hpp"
#include "runtime/preload/procfs/kept_policy.hpp"
#include "runtime/preload/procfs/maps_line.hpp"

namespace daxemu::preload {
namespace {

using fault::Vma;

constexpr std::string_view kMemoryFile = "/memfd:";
constexpr std::string_view kFiller = "/memfd:daxemu-beyond-end";

// --- Mappings of which only the kernel knows: of another process, or made past the C library ---

// The device whose memory a line's file is.
const store::DeviceRecord* device_of(const ProcSource& source, const MapsLine& line) {
  return line.inode == 0 ? nullptr
                         : source.store.device_of_bytes(makedev(line.major_number, line.minor_number), line.inode);
}

class NamedMaps {
public:
  NamedMaps(const ProcSource& source, TextFile& out) : source_(source), out_(out) {}

  void take(std::string_view line) {
    MapsLine real;
    if (!real.parse(line)) {
      put_field(line);
      return;
    }
    const bool filler = real.name.starts_with(kFiller);
    const store::DeviceRecord* device = device_of(source_, real);
    if (filler && device_ != nullptr && real.start == end_) { // behind the device's end, or in the place of an extent
      device = device_;
      real.offset = offset_;
    }
    device_ = device;
    end_ = real.end;
    offset_ = real.offset + (real.end - real.start);
    const auto node = device == nullptr ? std::nullopt : node_of_device(source_, *device);
    if (!node) {
      out_.put(line);
      return;
    }
    changed_ = true;
    real.major_number = major(node->about.st_dev);
    real.minor_number = minor(node->about.st_dev);
    real.inode = node->about.st_ino;
    real.name = node->path.view();
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
    if (device_ == nullptr) {
      out_.put(line);
    } else if (name == "KernelPageSize:" || name == "MMUPageSize:") {
      out_.put(text.put(name).blanks_to(16).decimal(device_->align >> 10, 8).put(" kB\n").view());
    } else if (name == "VmFlags:") {
      constexpr std::string_view kOurs[] = {"nr", "ht", "um", "uw", "ui", "dd"};
      text.put("VmFlags: ");
      for (std::string_view flag = take_word(rest); !flag.empty(); flag = take_word(rest)) {
        if (std::find(std::begin(kOurs), std::end(kOurs), flag) == std::end(kOurs)) {
          text.put(flag).put(" ");
        }
      }
      out_.put(text.put("hg \n").view());
    } else {
      out_.put(line);
    }
  }

  const ProcSource& source_;
  TextFile& out_;
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
    line.major_number = major(node->about.st_dev);
    line.minor_number = minor(node->about.st_dev);
    line.inode = node->about.st_ino;
    line.name = node->path.view();
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

// The fields of `vma` in smaps as 6.1 prints them: of device memory only entries of 2M are counted, as memory that this
// process alone has (smaps_pmd_entry; vm_normal_page() knows no smaller ones, and split_huge_pud() drops larger ones).
void put_fields(const fault::AddressSpace& space, const Vma& vma, TextFile& out) {
  constexpr std::size_t kNumberColumn = 16;
  constexpr std::size_t kNumberWidth = 8;
  const std::uint64_t page = vma.view->align() >> 10;
  const std::uint64_t counted = vma.view->align() == kPmdSize ? space.present_bytes(vma) >> 10 : 0;
  struct Field {
    std::string_view name;
    std::uint64_t kilobytes;
  };
  const Field fields[] = {
      {"Size", (vma.end - vma.start) >> 10},
      {"KernelPageSize", page},
      {"MMUPageSize", page},
      {"Rss", counted},
      {"Pss", counted},
      {"Pss_Dirty", counted},
      {"Shared_Clean", 0},
      {"Shared_Dirty", 0},
      {"Private_Clean", 0},
      {"Private_Dirty", counted},
      {"Referenced", counted},
      {"Anonymous", 0},
      {"LazyFree", 0},
      {"AnonHugePages", 0},
      {"ShmemPmdMapped", 0},
      {"FilePmdMapped", 0},
      {"Shared_Hugetlb", 0},
      {"Private_Hugetlb", 0},
      {"Swap", 0},
      {"SwapPss", 0},
      {"Locked", 0},
  };
  for (const Field& field : fields) {
    LineText text;
    text.put(field.name).put(":").blanks_to(kNumberColumn).decimal(field.kilobytes, kNumberWidth).put(" kB\n");
    out.put(text.view());
  }
  LineText text;
  text.put("THPeligible:    0\nProtectionKey:").blanks_to(0).decimal(vma.flags >> fault::kPkeyShift, 10).put("\n");
  out.put(text.view());
  put_flags(vma, out);
}

// Goes through the kernel's lines; where they are about mappings of ours, those are printed in their place.
class OwnMaps {
public:
  OwnMaps(const ProcSource& source, bool fields, TextFile& out)
      : source_(source), fields_(fields), out_(out), others_(source, out) {}

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

bool render(const ProcSource& source, const ProcPath& path, int real, TextFile& out, bool fields) {
  Lines lines(real);
  if (path.own) {
    OwnMaps own(source, fields, out);
    for (std::string_view line = lines.next(); !line.empty(); line = lines.next()) {
      own.take(line);
    }
    return own.changed();
  }
  NamedMaps others(source, out);
  for (std::string_view line = lines.next(); !line.empty(); line = lines.next()) {
    others.take(line);
  }
  return others.changed();
}

// --- numa_maps ---

// "default", "bind:0-1" as the kernel prints a policy (mpol_to_str), with nodes of devices where they are meant; the
// word itself where there are none.
void put_policy(std::string_view word, std::uint64_t address, LineText& into) {
  const std::size_t end = word.find_first_of("=:");
  const auto asked = end == std::string_view::npos ? std::nullopt : translated_policy(address);
  if (!asked) {
    into.put(word);
    return;
  }
  constexpr int kStatic = 1 << 15; // MPOL_F_STATIC_NODES
  into.put(word.substr(0, end)).put((asked->mode & kStatic) != 0 ? "=static:" : ":");
  put_nodes(asked->nodes, into);
}

// "file=/memfd:dax0.0.node\040(deleted) ...": the page by which a mapping keeps a device's open file.
bool keeps_open_file(const ProcSource& source, std::string_view file) {
  constexpr std::string_view kFile = "file=";
  if (!file.starts_with(kFile)) {
    return false;
  }
  const std::string_view path = file.substr(kFile.size(), file.find_first_of("\\ \n") - kFile.size());
  if (!path.ends_with(store::kNodeSuffix)) {
    return false;
  }
  const auto devices = source.store.devices();
  return path.starts_with(kMemoryFile) ||
         std::any_of(devices.begin(), devices.end(),
                     [path](const store::DeviceRecord& device) { return device.node.location.view() == path; });
}

} // namespace

bool render_maps(const ProcSource& source, const ProcPath& path, int real, TextFile& out) {
  return render(source, path, real, out, false);
}

bool render_smaps(const ProcSource& source, const ProcPath& path, int real, TextFile& out) {
  return render(source, path, real, out, true);
}

// "begin policy file=/memfd:dax0.0\040(deleted) ..." becomes "begin policy file=/dev/dax0.0": no page of a device is
// counted (gather_pte_stats). A policy that names a device's nodes is told as it was asked for.
bool render_numa_maps(const ProcSource& source, const ProcPath& path, int real, TextFile& out) {
  bool changed = false;
  std::uint64_t printed = 0; // mappings of ours that begin below are out
  Lines lines(real);
  for (std::string_view line = lines.next(); !line.empty(); line = lines.next()) {
    std::string_view rest = line;
    std::uint64_t start = 0;
    const bool whole = take_number(rest, start, 16) && rest.starts_with(' ');
    const auto vma = whole && path.own ? source.mappings.mapping_in(start, start + 1) : std::nullopt;
    rest.remove_prefix(whole ? 1 : 0);
    const std::string_view policy = take_word(rest);
    if (whole && keeps_open_file(source, rest)) {
      changed = true;
      continue;
    }
    LineText text;
    if (vma) {
      changed = true;
      if (vma->start < printed) {
        continue; // a further piece of it
      }
      printed = vma->end;
      text.hex(vma->start, 8).put(" ");
      put_policy(policy, start, text);
      text.put(" file=/dev/").put(source.store.name_of(vma->view->device()).view()).put("\n");
      out.put(text.view());
      continue;
    }
    constexpr std::string_view kFile = "file=";
    constexpr std::string_view kOthers = "file=/memfd:dax";
    if (whole && rest.starts_with(kOthers)) {
      const std::size_t begin = kFile.size() + kMemoryFile.size();
      const std::string_view name = rest.substr(begin, rest.find_first_of("\\ \n", begin) - begin);
      if (source.store.device_named(name) != nullptr) {
        changed = true;
        text.hex(start, 8).put(" ").put(policy).put(" file=/dev/").put(name).put("\n");
        out.put(text.view());
        continue;
      }
    }
    if (whole && path.own && policy.find("=static:") != std::string_view::npos && translated_policy(start)) {
      changed = true;
      text.hex(start, 8).put(" ");
      put_policy(policy, start, text);
      out.put(text.put(rest.empty() || rest.starts_with('\n') ? "" : " ").view());
      out.put(rest);
      continue;
    }
    out.put(line);
  }
  return changed;
}

} // namespace daxemu::preload
