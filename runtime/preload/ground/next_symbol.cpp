#include "runtime/preload/ground/next_symbol.hpp"

#include <atomic>
#include <cstddef>
#include <span>
#include <string_view>

#include <dlfcn.h>
#include <sys/auxv.h>

#include "emu/base/program/at_start.hpp"
#include "runtime/preload/ground/bytes_of_text.hpp"

namespace daxemu::preload {
namespace {

constexpr unsigned kWordBits = 64;
constexpr ElfW(Half) kHidden = 0x8000;           // of a version: not the one a name without version means
constexpr ElfW(Word) kFirstOfGlibc = 0x09691a75; // elf_hash("GLIBC_2.2.5")

bool is_libc(const link_map& map) {
  return std::string_view(map.l_name).ends_with("/libc.so.6");
}

} // namespace

constinit std::array<NextSymbols::Library, NextSymbols::kMost - NextSymbols::kNear> NextSymbols::far_{};

DAXEMU_START_PATH NextSymbols::Library NextSymbols::described(const link_map& map) {
  Library library;
  library.map = &map;
  for (const ElfW(Dyn)* entry = map.l_ld; entry != nullptr && entry->d_tag != DT_NULL; ++entry) {
    const auto pointed = entry->d_un.d_ptr; // glibc has relocated those it uses
    switch (entry->d_tag) {
    case DT_GNU_HASH:
      library.hash = reinterpret_cast<const std::uint32_t*>(pointed);
      break;
    case DT_SYMTAB:
      library.symbols = reinterpret_cast<const ElfW(Sym)*>(pointed);
      break;
    case DT_STRTAB:
      library.names = reinterpret_cast<const char*>(pointed);
      break;
    case DT_VERSYM:
      library.versions = reinterpret_cast<const ElfW(Half)*>(pointed);
      break;
    case DT_VERDEF:
      library.defined = reinterpret_cast<const ElfW(Verdef)*>(map.l_addr + pointed); // not of those
      break;
    default:
      break;
    }
  }
  return library;
}

// The index of the default version's definition; 0: none.
DAXEMU_START_PATH std::uint32_t NextSymbols::index_of(const Library& library, const char* name, std::uint32_t hash) {
  // Header, Bloom filter, buckets, chains, as the linker lays them out.
  const std::uint32_t buckets = library.hash[0];
  const std::uint32_t first = library.hash[1];
  const std::uint32_t filter_words = library.hash[2];
  const std::uint32_t shift = library.hash[3];
  const auto* filter = reinterpret_cast<const std::uint64_t*>(library.hash + 4);
  const auto* bucket = reinterpret_cast<const std::uint32_t*>(filter + filter_words);
  const std::uint32_t* chain = bucket + buckets;
  const std::uint64_t word = filter[hash / kWordBits % filter_words];
  if ((word >> (hash % kWordBits) & word >> ((hash >> shift) % kWordBits) & 1) == 0 || buckets == 0) {
    return 0;
  }
  std::uint32_t at = bucket[hash % buckets];
  if (at < first) {
    return 0;
  }
  for (;; ++at) {
    const std::uint32_t link = chain[at - first];
    if ((link | 1U) == (hash | 1U)) {
      const ElfW(Sym)& symbol = library.symbols[at];
      const bool hidden = library.versions != nullptr && (library.versions[at] & kHidden) != 0;
      if (symbol.st_shndx != SHN_UNDEF && !hidden && are_same(library.names + symbol.st_name, name)) {
        return at;
      }
    }
    if ((link & 1U) != 0) {
      return 0;
    }
  }
}

// Would the loader take it for what this library asks for, which is a version of the C library's? A definition without
// version it would; one of a version that is somebody's own never.
DAXEMU_START_PATH bool NextSymbols::is_for_us(const Library& library, std::uint32_t at) {
  const ElfW(Half) version = library.versions == nullptr ? VER_NDX_GLOBAL : library.versions[at];
  if (version <= VER_NDX_GLOBAL || library.defined == nullptr) {
    return true;
  }
  const auto* definition = reinterpret_cast<const std::byte*>(library.defined);
  while (true) {
    const auto& one = *reinterpret_cast<const ElfW(Verdef)*>(definition); // NOLINT: as the linker lays them out
    if ((one.vd_flags & VER_FLG_BASE) == 0) {                             // that is the name of the library
      const auto& named = *reinterpret_cast<const ElfW(Verdaux)*>(definition + one.vd_aux); // NOLINT
      // All of the C library's are: the first one tells, on x86-64 without a look at its name.
      const bool glibcs = one.vd_hash == kFirstOfGlibc || begins_with(library.names + named.vda_name, "GLIBC_");
      if (glibcs || one.vd_ndx == version) {
        return glibcs;
      }
    }
    if (one.vd_next == 0) {
      return true; // it is one that the program needs: a copy of the C library's variable
    }
    definition += one.vd_next;
  }
}

DAXEMU_START_PATH const NextSymbols& NextSymbols::at_start() {
  enum : int { kNone, kBusy, kDone };
  DAXEMU_AT_START static constinit std::atomic<int> stage{kNone};
  DAXEMU_AT_START static constinit NextSymbols made;
  static constexpr NextSymbols kNothing;
  if (stage.load(std::memory_order_acquire) == kDone) {
    return made;
  }
  int expected = kNone;
  if (!stage.compare_exchange_strong(expected, kBusy)) {
    return expected == kDone ? made : kNothing;
  }
  made.gather();
  stage.store(kDone, std::memory_order_release);
  return made;
}

// The head of the loader's list, from where a debugger has it: an entry of the program's own dynamic section, which the
// loader has filled in. To have the loader look up _r_debug would cost every start more than all of this.
DAXEMU_START_PATH const link_map* NextSymbols::first_loaded() {
  const std::uintptr_t place = ::getauxval(AT_PHDR);
  const std::span headers(reinterpret_cast<const ElfW(Phdr)*>(place), ::getauxval(AT_PHNUM)); // NOLINT
  const ElfW(Phdr)* itself = nullptr; // none: where it lies is not said, as of a library that the loader is told to run
  const ElfW(Phdr)* dynamic = nullptr;
  for (const ElfW(Phdr) & header : headers) {
    itself = header.p_type == PT_PHDR ? &header : itself;
    dynamic = header.p_type == PT_DYNAMIC ? &header : dynamic;
  }
  if (itself != nullptr && dynamic != nullptr) {
    const auto* entry = reinterpret_cast<const ElfW(Dyn)*>(place - itself->p_vaddr + dynamic->p_vaddr); // NOLINT
    for (; entry->d_tag != DT_NULL; ++entry) {
      if (entry->d_tag == DT_DEBUG && entry->d_un.d_ptr != 0) {
        return reinterpret_cast<const r_debug*>(entry->d_un.d_ptr)->r_map; // NOLINT
      }
    }
  }
  const auto* debug = static_cast<const r_debug*>(::dlsym(RTLD_DEFAULT, "_r_debug"));
  return debug == nullptr ? nullptr : debug->r_map;
}

DAXEMU_START_PATH void NextSymbols::gather() {
  vdso_ = ::getauxval(AT_SYSINFO_EHDR);
  for (const link_map* map = first_loaded(); map != nullptr; map = map->l_next) {
    if (count_ == kMost) {
      beyond_ = beyond_ == nullptr ? map : beyond_;
    } else if (!is_vdso(*map)) {
      (count_ < kNear ? near_[count_] : far_[count_ - kNear]) = described(*map);
      ++count_;
    }
    if (map->l_ld == _DYNAMIC) { // each library has one of its own
      own_ = map;
      own_beyond_ = beyond_ != nullptr;
      behind_ = count_;
    }
    last_ = map;
  }
}

template <class Look>
DAXEMU_START_PATH void NextSymbols::each(bool behind_own, const Look& look) const {
  if (own_ == nullptr) {
    return;
  }
  for (std::size_t which = behind_own ? behind_ : 0; which < count_; ++which) {
    if (look(library(which))) {
      return;
    }
  }
  const link_map* map = behind_own && own_beyond_ ? own_->l_next : beyond_;
  for (bool more = map != nullptr && !(own_ == last_ && behind_own); more; map = map->l_next) {
    if (!is_vdso(*map) && look(described(*map))) {
      return;
    }
    more = map != last_;
  }
}

DAXEMU_START_PATH std::optional<NextSymbol> NextSymbols::find(const char* name, std::uint32_t hash) const {
  if (own_ == nullptr) {
    return std::nullopt;
  }
  std::optional<NextSymbol> found = NextSymbol{};
  each(true, [&](const Library& library) {
    if (!library.can_answer()) {
      found = std::nullopt; // it may be in there
      return true;
    }
    const std::uint32_t at = index_of(library, name, hash);
    if (at == 0) {
      return false;
    }
    const ElfW(Sym)& symbol = library.symbols[at];
    if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || ELF64_ST_BIND(symbol.st_info) == STB_LOCAL) {
      found = std::nullopt;
    } else {
      found = NextSymbol{reinterpret_cast<void*>(library.map->l_addr + symbol.st_value), is_libc(*library.map)};
    }
    return true;
  });
  return found;
}

DAXEMU_START_PATH void* NextSymbols::find_first(const char* name, std::uint32_t hash) const {
  void* found = nullptr;
  each(false, [&](const Library& library) {
    if (!library.can_answer()) {
      return true; // it may be in there
    }
    const std::uint32_t at = index_of(library, name, hash);
    if (at == 0 || !is_for_us(library, at)) {
      return false;
    }
    const ElfW(Sym)& symbol = library.symbols[at];
    auto* const address = reinterpret_cast<void*>(library.map->l_addr + symbol.st_value);
    switch (ELF64_ST_TYPE(symbol.st_info)) {
    case STT_FUNC:
    case STT_OBJECT:
    case STT_NOTYPE:
      found = address;
      break;
    case STT_GNU_IFUNC:
      found = reinterpret_cast<void* (*)()>(address)(); // as dlsym(3) does; of who is relocated by now
      break;
    default:
      break;
    }
    return true;
  });
  return found;
}

} // namespace daxemu::preload
