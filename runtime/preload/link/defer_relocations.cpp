// defer-relocations LIBRARY PREFIX...: leaves the relocations of the tables whose (mangled) names begin with a PREFIX,
// or that are in a section of their own, to the library itself (emu/base/program/later_relocations.hpp). They are moved
// behind those that the loader is told of, and the place is written where the library finds it. Nothing else in the
// file changes: not its size, no segment; and of the sections only where the two of these tables begin and end.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <elf.h>

#include "emu/base/program/later_relocations.hpp"

namespace {

using daxemu::LaterRelocations;

constexpr std::string_view kTables =
    ".data.rel.ro"; // and what layout.ld takes out of it: what no one writes to but the loader
constexpr std::string_view kWhole = ".data.rel.ro.tables"; // of those that say so themselves (DAXEMU_LATER_TABLE)
constexpr std::string_view kPlace = "daxemu_later_relocations";
constexpr Elf64_Sxword kPacked = 36; // DT_RELR, newer than some <elf.h>

struct Range {
  std::uint64_t begin;
  std::uint64_t end;
};

class Library {
public:
  explicit Library(std::vector<char>& bytes) : bytes_(&bytes) {}

  [[nodiscard]] bool is_one() const {
    return bytes_->size() > sizeof(Elf64_Ehdr) && std::memcmp(bytes_->data(), ELFMAG, SELFMAG) == 0 &&
           header().e_ident[EI_CLASS] == ELFCLASS64 && header().e_machine == EM_X86_64 && header().e_type == ET_DYN;
  }
  template <class T>
  [[nodiscard]] T* at(std::uint64_t offset, std::uint64_t count = 1) const {
    const bool inside = offset <= bytes_->size() && count <= (bytes_->size() - offset) / sizeof(T);
    return inside ? reinterpret_cast<T*>(bytes_->data() + offset) : nullptr;
  }
  // What the file has for an address of the loaded library.
  template <class T>
  [[nodiscard]] T* loaded(std::uint64_t address, std::uint64_t count = 1) const {
    for (const Elf64_Phdr& segment : segments()) {
      if (segment.p_type == PT_LOAD && address >= segment.p_vaddr && address - segment.p_vaddr < segment.p_filesz) {
        return at<T>(segment.p_offset + (address - segment.p_vaddr), count);
      }
    }
    return nullptr;
  }
  [[nodiscard]] std::vector<Elf64_Phdr> segments() const {
    const auto* const first = at<Elf64_Phdr>(header().e_phoff, header().e_phnum);
    return first == nullptr ? std::vector<Elf64_Phdr>{} : std::vector<Elf64_Phdr>(first, first + header().e_phnum);
  }
  [[nodiscard]] std::vector<Elf64_Shdr> sections() const {
    const auto* const first = at<Elf64_Shdr>(header().e_shoff, header().e_shnum);
    return first == nullptr ? std::vector<Elf64_Shdr>{} : std::vector<Elf64_Shdr>(first, first + header().e_shnum);
  }
  [[nodiscard]] std::string_view text(const Elf64_Shdr& strings, std::uint64_t place) const {
    const char* const begin = place < strings.sh_size ? at<char>(strings.sh_offset + place) : nullptr;
    return begin == nullptr ? std::string_view{} : std::string_view(begin, ::strnlen(begin, strings.sh_size - place));
  }
  [[nodiscard]] const Elf64_Ehdr& header() const { return *reinterpret_cast<const Elf64_Ehdr*>(bytes_->data()); }

private:
  std::vector<char>* bytes_;
};

struct Symbols {
  std::vector<Range> tables; // by address
  std::uint64_t place = 0;   // of kPlace; 0: there is none
};

Symbols symbols_of(const Library& library, const std::vector<std::string_view>& prefixes) {
  Symbols found;
  const std::vector<Elf64_Shdr> sections = library.sections();
  for (const Elf64_Shdr& section : sections) {
    if (library.text(sections[library.header().e_shstrndx], section.sh_name) == kWhole) {
      found.tables.push_back({section.sh_addr, section.sh_addr + section.sh_size});
    }
    const auto* symbol = library.at<Elf64_Sym>(section.sh_offset, section.sh_size / sizeof(Elf64_Sym));
    if (section.sh_type != SHT_SYMTAB || symbol == nullptr || section.sh_link >= sections.size()) {
      continue;
    }
    const auto* const end = symbol + section.sh_size / sizeof(Elf64_Sym);
    for (; symbol != end; ++symbol) {
      const std::string_view name = library.text(sections[section.sh_link], symbol->st_name);
      if (name == kPlace) {
        found.place = symbol->st_value;
      }
      const bool wanted = std::any_of(prefixes.begin(), prefixes.end(),
                                      [name](std::string_view prefix) { return name.starts_with(prefix); });
      if (!wanted || ELF64_ST_TYPE(symbol->st_info) != STT_OBJECT || symbol->st_shndx >= sections.size()) {
        continue;
      }
      const Elf64_Shdr& names = sections[library.header().e_shstrndx];
      if (library.text(names, sections[symbol->st_shndx].sh_name).starts_with(kTables)) {
        found.tables.push_back({symbol->st_value, symbol->st_value + symbol->st_size});
      }
    }
  }
  std::sort(found.tables.begin(), found.tables.end(), [](const Range& a, const Range& b) { return a.begin < b.begin; });
  return found;
}

bool is_in(const std::vector<Range>& ranges, std::uint64_t address) {
  const auto next = std::upper_bound(ranges.begin(), ranges.end(), address,
                                     [](std::uint64_t value, const Range& range) { return value < range.begin; });
  return next != ranges.begin() && address < std::prev(next)->end;
}

// The sections begin where the entries of PT_DYNAMIC say, for those who go by them (patchelf writes the one by the
// other). What is left out belongs to the second one: strip(1) keeps only bytes that a section has.
void follow_sections(const Library& library, std::uint64_t entries, std::uint64_t jumps, std::uint64_t left_out) {
  auto* const first = library.at<Elf64_Shdr>(library.header().e_shoff, library.header().e_shnum);
  auto* const end = first == nullptr ? nullptr : first + library.header().e_shnum;
  for (Elf64_Shdr* section = first; section != end; ++section) {
    if (section->sh_type == SHT_RELA && section->sh_addr == entries) {
      section->sh_size -= left_out;
    } else if (section->sh_type == SHT_RELA && section->sh_addr == jumps) {
      section->sh_addr -= left_out;
      section->sh_offset -= left_out;
      section->sh_size += left_out;
    }
  }
}

// What is wrong, or nothing.
const char* defer(const Library& library, const std::vector<std::string_view>& prefixes, LaterRelocations& later) {
  if (!library.is_one()) {
    return "is no shared library of x86-64";
  }
  const Symbols symbols = symbols_of(library, prefixes);
  auto* const place = symbols.place == 0 ? nullptr : library.loaded<LaterRelocations>(symbols.place);
  if (place == nullptr) {
    return "has no symbol daxemu_later_relocations: link emu_base into it, and do not strip it before";
  }
  if (place->count != 0) {
    return "has been here already: link it again";
  }
  Elf64_Dyn* size = nullptr;
  Elf64_Dyn* relative = nullptr;
  Elf64_Dyn* jumps = nullptr;
  std::uint64_t entries = 0;
  std::uint64_t jumps_size = 0;
  bool packed = false;
  later = {};
  later.own = symbols.place;
  for (const Elf64_Phdr& segment : library.segments()) {
    constexpr std::uint64_t kPage = 4096;
    if (segment.p_type == PT_GNU_RELRO) {
      later.protected_begin = segment.p_vaddr & ~(kPage - 1); // as _dl_protect_relro() of glibc rounds
      later.protected_end = (segment.p_vaddr + segment.p_memsz) & ~(kPage - 1);
    }
    if (segment.p_type != PT_DYNAMIC) {
      continue;
    }
    auto* entry = library.at<Elf64_Dyn>(segment.p_offset, segment.p_filesz / sizeof(Elf64_Dyn));
    for (; entry != nullptr && entry->d_tag != DT_NULL; ++entry) {
      packed = packed || entry->d_tag == kPacked;
      entries = entry->d_tag == DT_RELA ? entry->d_un.d_ptr : entries;
      size = entry->d_tag == DT_RELASZ ? entry : size;
      relative = entry->d_tag == DT_RELACOUNT ? entry : relative;
      jumps = entry->d_tag == DT_JMPREL ? entry : jumps;
      jumps_size = entry->d_tag == DT_PLTRELSZ ? entry->d_un.d_val : jumps_size;
    }
  }
  if (packed) { // by -z pack-relative-relocs: no entries that could be moved, and the loader does it all
    return nullptr;
  }
  auto* const first =
      size == nullptr ? nullptr : library.loaded<Elf64_Rela>(entries, size->d_un.d_val / sizeof(Elf64_Rela));
  if (first == nullptr || relative == nullptr || later.protected_end == 0) {
    return "has no relocations, or is not linked with -z combreloc and -z relro";
  }
  Elf64_Rela* const end = first + size->d_un.d_val / sizeof(Elf64_Rela);
  Elf64_Rela* const kept = std::stable_partition(first, end, [&](const Elf64_Rela& entry) {
    const bool inside = entry.r_offset >= later.protected_begin && entry.r_offset < later.protected_end;
    return ELF64_R_TYPE(entry.r_info) != R_X86_64_RELATIVE || !inside || !is_in(symbols.tables, entry.r_offset);
  });
  later.count = static_cast<std::uint64_t>(end - kept);
  later.entries = entries + static_cast<std::uint64_t>(kept - first) * sizeof(Elf64_Rela);
  // What else the loader reads is to lie beside it, and not behind what it does not read: a page fault less.
  const std::uint64_t left_out = later.count * sizeof(Elf64_Rela);
  if (jumps != nullptr && jumps->d_un.d_val == entries + size->d_un.d_val &&
      library.loaded<Elf64_Rela>(jumps->d_un.d_val, jumps_size / sizeof(Elf64_Rela)) == end) {
    std::rotate(kept, end, end + jumps_size / sizeof(Elf64_Rela));
    follow_sections(library, entries, jumps->d_un.d_val, left_out);
    jumps->d_un.d_val -= left_out;
    later.entries += jumps_size;
  }
  size->d_un.d_val -= left_out;
  relative->d_un.d_val -= later.count;
  *place = later;
  return nullptr;
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: defer-relocations LIBRARY PREFIX...\n", stderr);
    return 2;
  }
  std::ifstream in(argv[1], std::ios::binary);
  std::vector<char> bytes(std::istreambuf_iterator<char>(in), {});
  LaterRelocations later{};
  if (const char* wrong = defer(Library(bytes), {argv + 2, argv + argc}, later); wrong != nullptr) {
    std::fprintf(stderr, "defer-relocations: %s %s\n", argv[1], wrong);
    return 1;
  }
  std::fstream out(argv[1], std::ios::binary | std::ios::in | std::ios::out); // in place: it stays the file it is
  if (!out.write(bytes.data(), static_cast<std::streamsize>(bytes.size())).flush()) {
    std::fprintf(stderr, "defer-relocations: cannot write %s: make room on its disk\n", argv[1]);
    return 1;
  }
  return 0;
}
