#include "runtime/preload/procfs/numa_maps.hpp"

#include <algorithm>

#include "runtime/fault/devices/device_view.hpp"
#include "runtime/fault/space/address_space.hpp"
#include "runtime/preload/procfs/kept_policy.hpp"

namespace daxemu::preload {
namespace {

constexpr std::string_view kMemoryFile = "/memfd:";

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

// What a mapping without a policy is said to have is the task's; the memory file may have one that was said of its
// bytes elsewhere.
bool task_has_none() {
  const auto kept = kept_policy(0, 0);
  return kept && kept->mode == MPOL_DEFAULT;
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
      put_policy(vma->policy == 0 && task_has_none() ? std::string_view("default") : policy, start, text);
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
