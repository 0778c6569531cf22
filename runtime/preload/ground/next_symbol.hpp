// The next definition of a function behind this library's, as dlsym(RTLD_NEXT, name) finds it while a program starts.
// That call takes locks, which a signal handler or a vforked child must not wait for, and to make it for some two
// hundred names before they are wanted is a sixth of what our library costs a process. Looked up here in the hash
// tables of the libraries themselves (DT_GNU_HASH), with no lock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <elf.h>
#include <link.h>

namespace daxemu::preload {

// The hash of the GNU symbol table (dl_new_hash in glibc's elf/dl-hash.h's terms: h * 33 + c from 5381).
[[nodiscard]] constexpr std::uint32_t symbol_hash(const char* name) {
  std::uint32_t hash = 5381;
  for (; *name != '\0'; ++name) {
    hash = hash * 33 + static_cast<unsigned char>(*name);
  }
  return hash;
}

struct NextSymbol {
  void* address = nullptr;
  bool libcs = false; // the C library's own
};

class NextSymbols {
public:
  // Of what the program starts with, which stays loaded: all of it is there before any library's constructor calls us.
  // Nobody waits: who comes while another thread makes it gets one that can answer for nothing.
  [[nodiscard]] static const NextSymbols& at_start();

  // This library's file, as the loader has it; "" if unknown.
  [[nodiscard]] const char* own_file() const { return own_ == nullptr ? "" : own_->l_name; }
  // No address: there is none. Nothing: only dlsym(3) can answer (an ifunc, a library without DT_GNU_HASH on the way).
  [[nodiscard]] std::optional<NextSymbol> find(const char* name, std::uint32_t hash) const;
  // What the loader would bind this library's own use of a function or variable to: the first definition of all, the
  // program's before the libraries'. An ifunc is asked. Nothing: only dlsym(3) can answer, or there is none.
  [[nodiscard]] void* find_first(const char* name, std::uint32_t hash) const;

  constexpr NextSymbols() = default;

private:
  static constexpr std::size_t kMost = 64; // the program and libraries; those behind them are described at each lookup
  static constexpr std::size_t kNear = 8;  // most programs have fewer: they lie where a start writes to anyway
  // What a lookup needs of one.
  struct Library {
    const link_map* map = nullptr;
    const std::uint32_t* hash = nullptr; // DT_GNU_HASH
    const ElfW(Sym) * symbols = nullptr;
    const char* names = nullptr;
    const ElfW(Half) * versions = nullptr;
    const ElfW(Verdef) * defined = nullptr; // the versions that are its own
    [[nodiscard]] bool can_answer() const { return hash != nullptr && symbols != nullptr && names != nullptr; }
  };
  [[nodiscard]] static Library described(const link_map& map);
  [[nodiscard]] static const link_map* first_loaded();
  [[nodiscard]] static std::uint32_t index_of(const Library& library, const char* name, std::uint32_t hash);
  [[nodiscard]] static bool is_for_us(const Library& library, std::uint32_t at);
  // All in their order, or those behind this library, until `look` says that it has what it wants.
  template <class Look>
  void each(bool behind_own, const Look& look) const;

  [[nodiscard]] const Library& library(std::size_t at) const { return at < kNear ? near_[at] : far_[at - kNear]; }

  const link_map* own_ = nullptr; // nothing: the loader's list is not to be had
  std::array<Library, kNear> near_;
  static std::array<Library, kMost - kNear> far_; // of the one that gathers
  std::size_t count_ = 0;
  std::size_t behind_ = 0;  // the first one behind this library
  bool own_beyond_ = false; // it is none of those itself
  // What there was no room for, up to the last one that the program has started with: in the loader's list what is
  // loaded later is behind that one, and may go again.
  const link_map* beyond_ = nullptr;
  const link_map* last_ = nullptr;
  std::uintptr_t vdso_ = 0; // in the list, but no lookup finds anything in it

  void gather();
  [[nodiscard]] bool is_vdso(const link_map& map) const { return map.l_addr != 0 && map.l_addr == vdso_; }
};

} // namespace daxemu::preload
