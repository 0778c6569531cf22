// How the calls of the memory family are played.
#include "tests/sequences/memory/memory.hpp"

#include <cerrno>
#include <cstring>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/conformance/ask/text.hpp"
#include "tests/conformance/ask/touch.hpp"
#include "tests/sequences/memory/memory_words.hpp"

namespace sequences {
namespace memory {
namespace {

using conformance::last_error;

std::string said(int result) {
  return result == 0 ? "ok" : result == -1 ? last_error() : "ok=" + std::to_string(result);
}

// A place outside the arena is the kernel's choice, of which only the fact is told; what is there goes again.
std::string placed(const Stage& stage, void* mapped, std::uint64_t length) {
  if (mapped == MAP_FAILED) {
    return last_error();
  }
  if (stage.in_arena(mapped)) {
    return stage.place(mapped);
  }
  ::munmap(mapped, length);
  return "elsewhere";
}

std::string map(Stage& stage, const Call& call) {
  const std::uint64_t length = stage.units.bytes(call.word(1));
  void* mapped = ::mmap(stage.at(call.word(0)), length, prot_of(call.word(2)), map_flags_of(call.word(3)),
                        stage.descriptor(call.word(4)), static_cast<off_t>(stage.units.bytes(call.word(5))));
  return placed(stage, mapped, length);
}

std::string unmap(Stage& stage, const Call& call) {
  return said(::munmap(stage.at(call.word(0)), stage.units.bytes(call.word(1))));
}

std::string protect(Stage& stage, const Call& call) {
  return said(::mprotect(stage.at(call.word(0)), stage.units.bytes(call.word(1)), prot_of(call.word(2))));
}

std::string advise(Stage& stage, const Call& call) {
  return said(::madvise(stage.at(call.word(0)), stage.units.bytes(call.word(1)), advice_of(call.word(2))));
}

std::string remap(Stage& stage, const Call& call) {
  const std::uint64_t length = stage.units.bytes(call.word(2));
  void* moved = ::mremap(stage.at(call.word(0)), stage.units.bytes(call.word(1)), length, remap_flags_of(call.word(3)),
                         stage.at(call.word(4)));
  return placed(stage, moved, length);
}

std::string lock(Stage& stage, const Call& call) {
  return said(::mlock(stage.at(call.word(0)), stage.units.bytes(call.word(1))));
}
std::string lock_on_fault(Stage& stage, const Call& call) {
  return said(::mlock2(stage.at(call.word(0)), stage.units.bytes(call.word(1)), MLOCK_ONFAULT));
}
std::string unlock(Stage& stage, const Call& call) {
  return said(::munlock(stage.at(call.word(0)), stage.units.bytes(call.word(1))));
}

std::string sync(Stage& stage, const Call& call) {
  return said(::msync(stage.at(call.word(0)), stage.units.bytes(call.word(1)), sync_flags_of(call.word(2))));
}

std::string remap_pages(Stage& stage, const Call& call) {
  return said(::remap_file_pages(stage.at(call.word(0)), stage.units.bytes(call.word(1)), prot_of(call.word(2)),
                                 stage.units.bytes(call.word(3)) / kPage, 0));
}

std::string load(Stage& stage, const Call& call) {
  const conformance::Touch touch = conformance::load(stage.at(call.word(0)));
  return touch.ok() ? "=" + std::to_string(touch.value) : touch.text();
}

std::string store(Stage& stage, const Call& call) {
  return conformance::store_text(stage.at(call.word(0)), static_cast<unsigned char>(std::stoi(call.word(1))));
}

// What a child of fork finds at some places.
std::string fork(Stage& stage, const Call& call) {
  return from_child([&](int out) {
    std::string text;
    for (std::size_t at = 0; at < call.words.size(); ++at) {
      const conformance::Touch touch = conformance::load(stage.at(call.word(at)));
      text += (at == 0 ? "" : " | ") + (touch.ok() ? "=" + std::to_string(touch.value) : touch.text());
    }
    text += " | " + maps(stage);
    (void)!::write(out, text.data(), text.size());
  });
}

} // namespace

std::optional<std::string> play(Stage& stage, const Call& call) {
  static const struct {
    const char* name;
    std::string (*play)(Stage&, const Call&);
  } table[] = {{"map", map},
               {"unmap", unmap},
               {"protect", protect},
               {"advise", advise},
               {"remap", remap},
               {"lock", lock},
               {"lock-onfault", lock_on_fault},
               {"unlock", unlock},
               {"sync", sync},
               {"load", load},
               {"store", store},
               {"remap-pages", remap_pages},
               {"fork", fork}};
  for (const auto& one : table) {
    if (call.name == one.name) {
      return one.play(stage, call);
    }
  }
  if (call.name == "maps") {
    return maps(stage);
  }
  if (call.name == "core") {
    return core(stage);
  }
  if (call.name == "bytes") {
    return bytes(stage);
  }
  return play_kernel_touch(stage, call);
}

} // namespace memory

} // namespace sequences
