#include "runtime/preload/procfs/memory_files.hpp"

#include <algorithm>
#include <array>

#include <fcntl.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/text/stat_word.hpp"
#include "emu/base/units.hpp"
#include "runtime/preload/procfs/maps_line.hpp"
#include "runtime/preload/procfs/smaps_fields.hpp"

namespace daxemu::preload {
namespace {

using fault::Vma;
using Sums = std::array<SmapsField, kSmapsFields>;

// Calls for each mapping of a device, upwards.
template <class Each>
void each_mapping_of(const fault::AddressSpace& space, Each&& each) {
  for (auto vma = space.mapping_in(0, UINT64_MAX); vma; vma = space.mapping_in(vma->end, UINT64_MAX)) {
    each(*vma);
  }
}

// Calls with each field of the machine's smaps that is about a mapping of ours: its name and its kilobytes.
template <class Each>
bool each_field_here(const ProcSource& source, Each&& each) {
  const auto opened = sys::open("/proc/self/smaps", O_RDONLY | O_CLOEXEC);
  if (!opened) {
    return false;
  }
  const UniqueFd smaps(*opened);
  Lines lines(smaps.get());
  bool ours = false;
  for (std::string_view line = lines.next(); !line.empty(); line = lines.next()) {
    if (MapsLine real; real.parse(line)) {
      ours = source.mappings.mapping_in(real.start, real.end).has_value();
      continue;
    }
    std::uint64_t kilobytes = 0;
    const std::string_view name = ours ? take_word(line) : std::string_view();
    if (name.ends_with(':') && take_number(line, kilobytes)) {
      each(name.substr(0, name.size() - 1), kilobytes);
    }
  }
  return true;
}

std::uint64_t less(std::uint64_t from, std::uint64_t what) {
  return from - std::min(from, what);
}

// "12345 " with the number replaced by what `change` makes of it.
template <class Change>
void put_changed(std::string_view& text, LineText& into, Change&& change) {
  std::uint64_t value = 0;
  if (take_number(text, value)) {
    into.decimal(change(value));
  }
}

std::uint64_t corrected(const DeviceMemory& memory, std::uint64_t bytes) {
  return less(bytes, memory.shared_here) + memory.files;
}

} // namespace

std::optional<DeviceMemory> device_memory(const ProcSource& source) {
  if (!source.mappings.mapping_in(0, UINT64_MAX)) {
    return std::nullopt;
  }
  DeviceMemory memory;
  const bool read = each_field_here(source, [&](std::string_view name, std::uint64_t kilobytes) {
    memory.shared_here += name == "Rss" ? kilobytes << 10 : 0;
  });
  if (source.mappings.profile().counts_resident_files) {
    each_mapping_of(source.mappings, [&](const Vma& vma) { memory.files += source.mappings.present_bytes(vma); });
  }
  return read ? std::optional(memory) : std::nullopt;
}

bool put_memory_line(const DeviceMemory& memory, std::string_view line, LineText& into) {
  constexpr std::size_t kNumberWidth = 8;
  std::string_view rest = line;
  const std::string_view name = take_word(rest);
  std::uint64_t kilobytes = 0;
  if (!take_number(rest, kilobytes)) {
    return false;
  }
  std::uint64_t bytes = kilobytes << 10;
  if (name == "VmRSS:" || name == "VmHWM:") {
    bytes = corrected(memory, bytes);
  } else if (name == "RssFile:") {
    bytes += memory.files;
  } else if (name == "RssShmem:") {
    bytes = less(bytes, memory.shared_here);
  } else {
    return false;
  }
  into.put(name).put("\t").decimal(bytes >> 10, kNumberWidth).put(" kB\n");
  return true;
}

bool render_statm(const ProcSource& source, const ProcPath& /*path*/, int real, TextFile& out) {
  const auto memory = device_memory(source);
  Lines lines(real);
  std::string_view line = lines.next();
  if (!memory || line.empty()) {
    return false;
  }
  const auto pages = [&](std::uint64_t count) { return corrected(*memory, count << kPageShift) >> kPageShift; };
  LineText shown;
  shown.put(take_word(line)).put(" "); // size; then resident and shared
  put_changed(line, shown, pages);
  shown.put(" ");
  line.remove_prefix(line.starts_with(' ') ? 1 : 0);
  put_changed(line, shown, pages);
  out.put(shown.put(line).view());
  return true;
}

bool render_stat(const ProcSource& source, const ProcPath& /*path*/, int real, TextFile& out) {
  constexpr int kRss = 24;
  // Read whole: the name may hold any character, brackets and line ends too.
  std::array<char, 2048> buffer{};
  const auto got = sys::pread(real, buffer.data(), buffer.size(), 0);
  const std::string_view text(buffer.data(), got.value_or(0));
  const auto memory = device_memory(source);
  const std::string_view resident = stat_word(text, kRss);
  if (!memory || resident.empty()) {
    return false;
  }
  const auto at = static_cast<std::size_t>(resident.data() - text.data());
  out.put(text.substr(0, at));
  std::string_view rest = text.substr(at);
  LineText shown;
  put_changed(rest, shown, [&](std::uint64_t count) { return corrected(*memory, count << kPageShift) >> kPageShift; });
  out.put(shown.view());
  out.put(rest);
  return true;
}

bool render_smaps_rollup(const ProcSource& source, const ProcPath& /*path*/, int real, TextFile& out) {
  if (!source.mappings.mapping_in(0, UINT64_MAX)) {
    return false;
  }
  Sums mirrored{};
  each_mapping_of(source.mappings, [&](const Vma& vma) {
    const Sums fields = smaps_fields(source.mappings, vma);
    for (std::size_t at = 0; at < fields.size(); ++at) {
      mirrored[at] = {fields[at].name, mirrored[at].kilobytes + fields[at].kilobytes};
    }
  });
  Sums here = mirrored;
  const auto find = [](Sums& sums, std::string_view name) {
    return std::find_if(sums.begin(), sums.end(), [&](const SmapsField& field) { return field.name == name; });
  };
  for (SmapsField& field : here) {
    field.kilobytes = 0;
  }
  if (!each_field_here(source, [&](std::string_view name, std::uint64_t kilobytes) {
        if (const auto field = find(here, name); field != here.end()) {
          field->kilobytes += kilobytes;
        }
      })) {
    return false;
  }
  Lines lines(real);
  for (std::string_view line = lines.next(); !line.empty(); line = lines.next()) {
    std::string_view rest = line;
    std::string_view name = take_word(rest);
    name.remove_suffix(name.ends_with(':') ? 1 : 0);
    std::uint64_t kilobytes = 0;
    const auto counted = find(mirrored, name);
    if (counted == mirrored.end() ||
        !take_number(rest, kilobytes)) { // such as "Pss_Shmem", which is memory of files elsewhere
      out.put(line);
      continue;
    }
    LineText shown;
    put_smaps_field({name, less(kilobytes, find(here, name)->kilobytes) + counted->kilobytes}, shown);
    out.put(shown.view());
  }
  return true;
}

} // namespace daxemu::preload
