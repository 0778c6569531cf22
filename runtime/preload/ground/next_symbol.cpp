#include "runtime/preload/ground/next_symbol.hpp"

#include <atomic>
#include <cstring>
#include <span>
#include <string_view>

#include <sys/auxv.h>

#include "emu/base/program/at_start.hpp"

namespace daxemu::preload {
namespace {

constexpr unsigned kWordBits = 64;
constexpr ElfW(Half) kHidden = 0x8000; // of a version: not the one a name without version means

// The kernel's vDSO is in the loader's list, but no lookup finds anything in it.
bool is_vdso(const link_map& map) {
  return map.l_addr != 0 && map.l_addr == ::getauxval(AT_SYSINFO_EHDR);
}

bool is_libc(const link_map& map) {
  return std::string_view(map.l_name).ends_with("/libc.so.6");
}

} // namespace

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
      if (symbol.st_shndx != SHN_UNDEF && !hidden && std::strcmp(library.names + symbol.st_name, name) == 0) {
        return at;
      }
    }
    if ((link & 1U) != 0) {
      return 0;
    }
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

DAXEMU_START_PATH void NextSymbols::gather() {
  for (const link_map* map = _r_debug.r_map; map != nullptr; map = map->l_next) {
    if (map->l_ld == _DYNAMIC) { // each library has one of its own
      own_ = map;
    } else if (own_ != nullptr && count_ < kMost && !is_vdso(*map)) {
      behind_[count_++] = described(*map);
    }
  }
}

DAXEMU_START_PATH std::optional<NextSymbol> NextSymbols::find(const char* name, std::uint32_t hash) const {
  for (const Library& library : std::span(behind_).first(count_)) {
    if (library.hash == nullptr || library.symbols == nullptr || library.names == nullptr) {
      return std::nullopt; // it may be in there
    }
    const std::uint32_t at = index_of(library, name, hash);
    if (at == 0) {
      continue;
    }
    const ElfW(Sym)& symbol = library.symbols[at];
    if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || ELF64_ST_BIND(symbol.st_info) == STB_LOCAL) {
      return std::nullopt;
    }
    return NextSymbol{reinterpret_cast<void*>(library.map->l_addr + symbol.st_value), is_libc(*library.map)};
  }
  return own_ == nullptr || count_ == kMost ? std::nullopt : std::optional<NextSymbol>(NextSymbol{});
}

} // namespace daxemu::preload
