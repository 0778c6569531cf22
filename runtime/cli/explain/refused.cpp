#include "runtime/cli/explain/refused.hpp"

#include <cstring>

#include <fmt/format.h>

#include "emu/base/text/size_text.hpp"
#include "emu/base/units.hpp"
#include "runtime/cli/explain/reasons.hpp"
#include "runtime/cli/text/one_line.hpp"

namespace daxemu::cli {
namespace {

// Whose name the kernel says when a fault of an extent of that size is refused.
std::string_view fault_handler(std::uint64_t extent) {
  return extent == kPudSize   ? "__dev_dax_pud_fault"
         : extent == kPmdSize ? "__dev_dax_pmd_fault"
                              : "__dev_dax_pte_fault";
}

// "open64" and "__open" are open.
std::string_view plain_name(std::string_view call) {
  while (call.starts_with('_')) {
    call.remove_prefix(1);
  }
  if (call.ends_with("64")) {
    call.remove_suffix(2);
  }
  return call;
}

std::string filled(std::string_view text, const trace::Event& event, std::string_view process) {
  const std::uint64_t a = event.address;
  const std::uint64_t b = event.length;
  const std::uint64_t c = event.offset;
  return fmt::format(fmt::runtime(text), fmt::arg("a", static_cast<std::int64_t>(a)),
                     fmt::arg("b", static_cast<std::int64_t>(b)), fmt::arg("ax", fmt::format("{:#x}", a)),
                     fmt::arg("bx", fmt::format("{:#x}", b)), fmt::arg("cx", fmt::format("{:#x}", c)),
                     fmt::arg("as", size_text(a)), fmt::arg("bs", size_text(b)), fmt::arg("align", size_text(c + 1)),
                     fmt::arg("comm", process), fmt::arg("fault", fault_handler(c + 1)));
}

std::string error_name(std::int64_t error) {
  if (error == 0) {
    return "SIGBUS";
  }
  const char* name = ::strerrorname_np(static_cast<int>(error));
  return name == nullptr ? fmt::format("errno {}", error) : name;
}

} // namespace

bool is_refused(const trace::Event& event) {
  return event.kind == trace::Kind::refusal || (event.kind == trace::Kind::sysfs_write && event.value != 0);
}

Refused refused_of(const trace::Event& event, std::string_view device, std::string_view process) {
  const ReasonText* text = text_of(event.reason);
  Refused refused{std::string(event.text.view()), error_name(event.value), "", "", ""};
  if (event.kind == trace::Kind::refusal) {
    refused.call = refused.call.empty() && text != nullptr ? text->call : plain_name(refused.call);
  }
  if (text == nullptr) {
    refused.why = "the attribute does not take that";
    refused.remedy = "read what it says now; semantics.md tells what such attributes take";
    return refused;
  }
  refused.why = filled(text->words.empty() ? text->what : text->words, event, process);
  if (!device.empty()) {
    refused.why = fmt::format("{}: {}", device, refused.why);
  }
  refused.remedy = filled(text->remedy, event, process);
  refused.row = text->row;
  return refused;
}

std::string line_of(const Refused& refused, std::string_view process, int pid, std::string_view place) {
  std::string line = fmt::format("{} by {}[{}]", refused.call, process, pid);
  line += place.empty() ? "" : fmt::format(" at {}", place);
  line += fmt::format(": {}: {}", refused.error, refused.why);
  line += refused.remedy.empty() ? "" : fmt::format("; {}", refused.remedy);
  line += refused.row.empty() ? "" : fmt::format(" [{}]", refused.row);
  return on_one_line(line);
}

} // namespace daxemu::cli
