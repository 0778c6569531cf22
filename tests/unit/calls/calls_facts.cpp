#include "tests/unit/calls/calls_facts.hpp"

#include <cstring>
#include <fstream>
#include <iterator>
#include <regex>
#include <span>

#include <elf.h>
#include <link.h>

namespace daxemu::calls {
namespace {

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// What an ELF file has at an offset.
template <class T>
std::span<const T> part(const std::string& file, const Elf64_Shdr& section) {
  return {reinterpret_cast<const T*>(file.data() + section.sh_offset), section.sh_size / sizeof(T)};
}

std::map<unsigned, std::string> versions_of(const std::string& file, const Elf64_Shdr& section, const char* names) {
  std::map<unsigned, std::string> versions;
  std::size_t at = section.sh_offset;
  for (unsigned left = section.sh_info; left > 0; --left) {
    const auto& defined = *reinterpret_cast<const Elf64_Verdef*>(file.data() + at);
    const auto& first = *reinterpret_cast<const Elf64_Verdaux*>(file.data() + at + defined.vd_aux);
    versions[defined.vd_ndx] = names + first.vda_name;
    at += defined.vd_next;
  }
  return versions;
}

} // namespace

std::vector<Symbol> exported_functions(const std::string& path) {
  const std::string file = content_of(path);
  if (file.size() < sizeof(Elf64_Ehdr) || std::memcmp(file.data(), ELFMAG, SELFMAG) != 0) {
    return {};
  }
  const auto& header = *reinterpret_cast<const Elf64_Ehdr*>(file.data());
  const std::span sections(reinterpret_cast<const Elf64_Shdr*>(file.data() + header.e_shoff), header.e_shnum);
  std::vector<Symbol> found;
  for (const Elf64_Shdr& table : sections) {
    if (table.sh_type != SHT_DYNSYM) {
      continue;
    }
    const char* const names = file.data() + sections[table.sh_link].sh_offset;
    const auto symbols = part<Elf64_Sym>(file, table);
    std::span<const Elf64_Half> version_of;
    std::map<unsigned, std::string> versions;
    for (const Elf64_Shdr& other : sections) {
      if (other.sh_type == SHT_GNU_versym) {
        version_of = part<Elf64_Half>(file, other);
      } else if (other.sh_type == SHT_GNU_verdef) {
        versions = versions_of(file, other, file.data() + sections[other.sh_link].sh_offset);
      }
    }
    for (std::size_t at = 0; at < symbols.size(); ++at) {
      const Elf64_Sym& symbol = symbols[at];
      const unsigned type = ELF64_ST_TYPE(symbol.st_info);
      const bool function = type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_NOTYPE;
      if (function && symbol.st_shndx != SHN_UNDEF && symbol.st_shndx != SHN_ABS &&
          ELF64_ST_BIND(symbol.st_info) != STB_LOCAL && ELF64_ST_VISIBILITY(symbol.st_other) == STV_DEFAULT) {
        constexpr unsigned kHidden = 0x8000; // not the version that is meant without one
        const unsigned version = version_of.empty() ? 0U : version_of[at] & ~kHidden;
        found.push_back({names + symbol.st_name, version > 1 ? versions[version] : std::string()});
      }
    }
  }
  return found;
}

std::string loaded_file(const char* soname) {
  struct Search {
    const char* soname;
    std::string found;
  } search{soname, {}};
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* data) {
        auto& wanted = *static_cast<Search*>(data);
        const std::string_view name = info->dlpi_name;
        if (name.ends_with(std::string("/") + wanted.soname)) {
          wanted.found = name;
        }
        return 0;
      },
      &search);
  return search.found;
}

std::map<std::string, int> system_calls(const std::string& header) {
  std::map<std::string, int> numbers;
  std::ifstream file(header);
  static const std::regex kDefinition(R"(#define\s+__NR_(\w+)\s+(\d+)\s*)");
  std::smatch match;
  for (std::string line; std::getline(file, line);) {
    if (std::regex_match(line, match, kDefinition)) {
      numbers[match[1]] = std::stoi(match[2]);
    }
  }
  return numbers;
}

std::vector<std::string> ring_operations(const std::string& header) {
  std::vector<std::string> operations;
  std::ifstream file(header);
  static const std::regex kEnumerator(R"(\s*IORING_OP_(\w+),\s*)");
  std::smatch match;
  for (std::string line; std::getline(file, line);) {
    if (std::regex_match(line, match, kEnumerator) && match[1] != "LAST") {
      operations.push_back(match[1]);
    }
  }
  return operations;
}

std::vector<std::string_view> words(std::string_view list) {
  std::vector<std::string_view> found;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(' '), list.size());
    if (end > 0) {
      found.push_back(list.substr(0, end));
    }
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return found;
}

} // namespace daxemu::calls
