#include "runtime/cli/state/call_site.hpp"

#include <filesystem>
#include <memory>

#include <cxxabi.h>
#include <elfutils/libdwfl.h>
#include <fmt/format.h>

namespace daxemu::cli {
namespace {

// The debug information of one process; nothing where it cannot be looked into.
class Process {
public:
  explicit Process(int pid) {
    static const Dwfl_Callbacks callbacks = {.find_elf = ::dwfl_linux_proc_find_elf,
                                             .find_debuginfo = ::dwfl_standard_find_debuginfo,
                                             .section_address = nullptr,
                                             .debuginfo_path = nullptr};
    dwfl_.reset(::dwfl_begin(&callbacks));
    if (dwfl_ &&
        (::dwfl_linux_proc_report(dwfl_.get(), pid) != 0 || ::dwfl_report_end(dwfl_.get(), nullptr, nullptr) != 0)) {
      dwfl_.reset();
    }
  }
  [[nodiscard]] ::Dwfl* get() const { return dwfl_.get(); }

private:
  struct End {
    void operator()(::Dwfl* dwfl) const { ::dwfl_end(dwfl); }
  };
  std::unique_ptr<::Dwfl, End> dwfl_;
};

std::string plain_name(const char* symbol) {
  int status = -1;
  const std::unique_ptr<char, void (*)(void*)> text(abi::__cxa_demangle(symbol, nullptr, nullptr, &status), ::free);
  return status == 0 ? text.get() : symbol;
}

} // namespace

std::string call_site_text(int pid, std::uint64_t site) {
  if (site == 0) {
    return "-";
  }
  const Process process(pid);
  const ::Dwarf_Addr at = site - 1; // inside the call, not behind it
  ::Dwfl_Module* module = process.get() == nullptr ? nullptr : ::dwfl_addrmodule(process.get(), at);
  if (module == nullptr) {
    return fmt::format("{:#x}", site);
  }
  ::GElf_Off offset = 0;
  ::GElf_Sym symbol{};
  const char* name = ::dwfl_module_addrinfo(module, at, &offset, &symbol, nullptr, nullptr, nullptr);
  ::Dwarf_Addr start = 0;
  const char* file = ::dwfl_module_info(module, nullptr, &start, nullptr, nullptr, nullptr, nullptr, nullptr);
  if (name == nullptr) {
    return fmt::format("{}+{:#x}", std::filesystem::path(file == nullptr ? "?" : file).filename().string(),
                       site - start);
  }
  std::string text = fmt::format("{}+{:#x}", plain_name(name), offset + 1);
  int line = 0;
  ::Dwfl_Line* const place = ::dwfl_module_getsrc(module, at);
  const char* source = place == nullptr ? nullptr : ::dwfl_lineinfo(place, nullptr, &line, nullptr, nullptr, nullptr);
  if (source != nullptr) {
    text += fmt::format(" ({}:{})", std::filesystem::path(source).filename().string(), line);
  }
  return text;
}

} // namespace daxemu::cli
