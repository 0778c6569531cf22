#include "runtime/cli/explain/symbols.hpp"

#include <cstdlib>

#include <cxxabi.h>
#include <elfutils/libdwfl.h>
#include <fmt/format.h>

namespace daxemu::cli {
namespace {

std::string base_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

std::string demangled(const char* name) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(abi::__cxa_demangle(name, nullptr, nullptr, &status), std::free);
  return status == 0 ? text.get() : name;
}

char* debug_path = nullptr; // the usual places
const Dwfl_Callbacks kCallbacks = {
    .find_elf = dwfl_build_id_find_elf,
    .find_debuginfo = dwfl_standard_find_debuginfo,
    .section_address = dwfl_offline_section_address,
    .debuginfo_path = &debug_path,
};

} // namespace

class Symbols::Reader {
public:
  explicit Reader(const std::string& path) : dwfl_(dwfl_begin(&kCallbacks)) {
    if (dwfl_ != nullptr) {
      dwfl_report_begin(dwfl_);
      module_ = dwfl_report_elf(dwfl_, path.c_str(), path.c_str(), -1, 0, false);
      dwfl_report_end(dwfl_, nullptr, nullptr);
    }
  }
  ~Reader() {
    if (dwfl_ != nullptr) {
      dwfl_end(dwfl_);
    }
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // `address` without the load bias. Empty: the file names nothing there.
  [[nodiscard]] std::string function(std::uint64_t address) const {
    const char* name = module_ == nullptr ? nullptr : dwfl_module_addrname(module_, address);
    return name == nullptr ? "" : demangled(name);
  }
  [[nodiscard]] std::string line(std::uint64_t address) const {
    Dwfl_Line* found = module_ == nullptr ? nullptr : dwfl_module_getsrc(module_, address);
    int number = 0;
    const char* file = found == nullptr ? nullptr : dwfl_lineinfo(found, nullptr, &number, nullptr, nullptr, nullptr);
    return file == nullptr ? "" : fmt::format("{}:{}", base_name(file), number);
  }

private:
  Dwfl* dwfl_ = nullptr;
  Dwfl_Module* module_ = nullptr;
};

Symbols::Symbols(const std::vector<trace::Event>& events) {
  for (const trace::Event& event : events) {
    note(event);
  }
}

void Symbols::note(const trace::Event& event) {
  if (event.kind != trace::Kind::module) {
    return;
  }
  if (event.value == 0) {
    modules_.insert(
        {event.pid, {event.address, event.address + event.length, event.offset, std::string(event.text.view())}});
    return;
  }
  auto [first, last] = modules_.equal_range(event.pid);
  for (; first != last; ++first) {
    if (first->second.start == event.address &&
        first->second.path.size() == static_cast<std::size_t>(event.value) * (decltype(event.text)::kCapacity - 1)) {
      first->second.path += event.text.view();
    }
  }
}

Symbols::~Symbols() = default;

const Symbols::Module* Symbols::module_of(std::int32_t pid, std::uint64_t address) const {
  const auto [first, last] = modules_.equal_range(pid);
  const Module* found = nullptr;
  for (auto each = first; each != last; ++each) {
    if (address >= each->second.start && address < each->second.end) {
      found = &each->second; // the last one that was there: an address can be another module's later
    }
  }
  return found;
}

std::string Symbols::name_of(std::int32_t pid, std::uint64_t address) {
  const Module* module = module_of(pid, address);
  if (module == nullptr) {
    return "";
  }
  const std::uint64_t in_file = address - module->bias;
  auto [known, fresh] = names_.try_emplace({module->path, in_file});
  if (!fresh) {
    return known->second;
  }
  std::unique_ptr<Reader>& reader = readers_[module->path];
  if (!reader) {
    reader = std::make_unique<Reader>(module->path);
  }
  const std::string function = reader->function(in_file);
  const std::string line = reader->line(in_file);
  known->second = function.empty() ? fmt::format("{}+{:#x}", base_name(module->path), in_file)
                  : line.empty()   ? fmt::format("{} in {}", function, base_name(module->path))
                                   : fmt::format("{} ({})", function, line);
  return known->second;
}

} // namespace daxemu::cli
