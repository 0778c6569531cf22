#include <daxemu/device.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include <sys/mman.h>

#include "emu/base/profile.hpp"
#include "emu/gup/ledger.hpp"
#include "emu/pgmap/memory_types.hpp"
#include "runtime/api/c/last_error.hpp"
#include "runtime/api/device/device.hpp"
#include "runtime/api/objects.hpp"
#include "runtime/fault/process/early_kill.hpp"

using namespace daxemu;

namespace {

daxemu_folio* handle(const mm::Folio& folio) {
  return reinterpret_cast<daxemu_folio*>(folio.page());
}
Result<void> result_of(int negative_errno) {
  return negative_errno >= 0 ? Result<void>() : fail(-negative_errno);
}

// Does the caller's struct, of `size` bytes, have a field that ends at `end`, and is it set?
template <class Field>
bool is_given(std::size_t size, const Field& field, std::size_t end) {
  return size >= end && field != nullptr;
}

pgmap::PagemapOps ops_of(const daxemu_device_spec& spec) {
  pgmap::PagemapOps ops;
  const daxemu_dev_pagemap_ops* given = spec.ops;
  void* data = spec.private_data;
  if (given == nullptr) {
    return ops;
  }
  constexpr std::size_t kFirstOps = offsetof(daxemu_dev_pagemap_ops, page_free); // before it said its size
  const std::size_t size = spec.ops_size == 0 ? kFirstOps : spec.ops_size;
  if (is_given(size, given->page_free, kFirstOps + sizeof(given->page_free))) {
    ops.page_free = [given, data](mm::PagePtr page) { given->page_free(page, data); };
  }
  if (given->folio_free != nullptr) {
    ops.folio_free = [given, data](const mm::Folio& folio) { given->folio_free(handle(folio), data); };
  }
  if (given->migrate_to_ram != nullptr) {
    ops.migrate_to_ram = [given, data](const mm::Folio& folio, std::byte* ram) {
      return result_of(given->migrate_to_ram(handle(folio), ram, data));
    };
  }
  if (given->migrate_to_device != nullptr) {
    ops.migrate_to_device = [given, data](const mm::Folio& folio, const std::byte* ram) {
      return result_of(given->migrate_to_device(handle(folio), ram, data));
    };
  }
  if (given->memory_failure != nullptr) {
    ops.memory_failure = [given, data](Pfn first, std::uint64_t nr_pages) {
      return result_of(given->memory_failure(first.value(), nr_pages, data));
    };
  }
  if (given->mapped != nullptr) {
    ops.mapped = [given, data](const mm::Folio& folio) { given->mapped(handle(folio), data); };
  }
  if (given->unmapped != nullptr) {
    ops.unmapped = [given, data](const mm::Folio& folio) { given->unmapped(handle(folio), data); };
  }
  return ops;
}

// What a program gave, which may know an older or a newer struct: what it does not know is 0, what we do not must be.
Outcome<daxemu_device_spec> known_part(const daxemu_device_spec& given) {
  constexpr std::size_t kFirst = offsetof(daxemu_device_spec, ops_size);
  const std::size_t size = given.struct_size;
  const auto* bytes = reinterpret_cast<const unsigned char*>(&given);
  const bool sane = size >= kFirst && size <= kPageSize;
  if (!sane || std::any_of(bytes + std::min(size, sizeof(given)), bytes + size, [](auto byte) { return byte != 0; })) {
    return refuse(EINVAL, "struct_size is not that of a struct daxemu_device_spec known here",
                  "set it to sizeof(struct daxemu_device_spec), and leave fields that this version does not know 0");
  }
  daxemu_device_spec known{};
  std::memcpy(&known, &given, std::min(size, sizeof(known)));
  return known;
}

Outcome<api::DeviceSpec> spec_of(const daxemu_device_spec& from, const Profile& profile) {
  const auto part = known_part(from);
  if (!part) {
    return tl::unexpected(part.error());
  }
  const daxemu_device_spec& given = *part;
  api::DeviceSpec spec;
  spec.name = given.name == nullptr ? "" : given.name;
  spec.size = given.size;
  spec.align = given.align;
  spec.backing = given.backing == nullptr ? "auto" : given.backing;
  spec.owner = given.owner;
  spec.ops = ops_of(given);
  const std::string type = given.type == nullptr ? "GENERIC" : given.type;
  if (type == "custom") {
    spec.behaviours = pgmap::Behaviours::of_bits(given.behaviours);
  } else {
    auto preset = pgmap::preset(type, profile);
    if (!preset) {
      return tl::unexpected(preset.error());
    }
    spec.behaviours = *preset;
  }
  spec.device_dax = type.starts_with("GENERIC") && type.find_first_of("+-") == std::string::npos; // as a kernel has it
  const char* variable = std::getenv("DAXEMU");
  const char* word = given.mode != nullptr ? given.mode : (variable != nullptr ? variable : "auto");
  auto mode = kernel::parse_mode(word);
  if (!mode) {
    return tl::unexpected(mode.error());
  }
  spec.mode = *mode;
  return spec;
}

constexpr unsigned kMaxOrder = 18; // 1G

// Does `ours` to the mappings of the current platform if `address` is in one, of an emulated device or the kernel's;
// else `other`.
template <class Ours, class Other>
Result<void> at_mapping(const void* address, Ours ours, Other other) {
  api::Platform* platform = api::current_platform();
  if (platform != nullptr && platform->mm().contains(address)) {
    return ours(platform->mm());
  }
  return other();
}

} // namespace

extern "C" {

const char* daxemu_last_error(void) {
  return api::last_error();
}

const char* daxemu_profile(void) {
  if (const api::Platform* platform = api::current_platform(); platform != nullptr) {
    return platform->profile().name.data();
  }
  const auto chosen = chosen_profile(kKernelVariable, "");
  return (chosen ? *chosen->profile : kDefaultProfile).name.data();
}

const char* daxemu_platform_profile(const daxemu_platform* platform) {
  return platform->impl->profile().name.data();
}

const char* daxemu_kernel(unsigned index) {
  return index < kProfiles.size() ? kProfiles.at(index).version.data() : nullptr;
}

int daxemu_platform_create(const char* name, daxemu_platform** platform) {
  return daxemu_platform_create_as(name, nullptr, platform);
}

int daxemu_platform_create_as(const char* name, const char* kernel, daxemu_platform** platform) {
  return api::guarded([&] {
    const auto chosen = chosen_profile("kernel", kernel == nullptr ? "" : kernel);
    if (!chosen) {
      return api::report(chosen.error());
    }
    auto made = api::Platform::create(name == nullptr ? "in-process" : name, *chosen->profile);
    if (!made) {
      return api::report(made.error());
    }
    *platform = new daxemu_platform{std::move(*made)};
    if (api::current_platform() == nullptr) {
      api::use_platform((*platform)->impl.get());
    }
    return 0;
  });
}

int daxemu_platform_destroy(daxemu_platform* platform) {
  if (platform->impl->devices > 0) {
    return api::report({EBUSY, "devices of the platform are still open", "close them first"});
  }
  delete platform;
  return 0;
}

void daxemu_platform_use(daxemu_platform* platform) {
  api::use_platform(platform == nullptr ? nullptr : platform->impl.get());
}

int daxemu_device_open(daxemu_platform* platform, const daxemu_device_spec* spec, daxemu_device** device) {
  return api::guarded([&] {
    auto wanted = spec_of(*spec, platform->impl->profile());
    if (!wanted) {
      return api::report(wanted.error());
    }
    auto opened = api::open_device(*platform->impl, std::move(*wanted));
    if (!opened) {
      return api::report(opened.error());
    }
    *device = new daxemu_device{platform->impl.get(), std::move(*opened)};
    return 0;
  });
}

int daxemu_device_close(daxemu_device* device) {
  return api::guarded([&] {
    if (auto fine = device->impl->close(); !fine) {
      return api::report(fine.error());
    }
    delete device;
    return 0;
  });
}

const char* daxemu_device_name(const daxemu_device* device) {
  return device->impl->facts().name.c_str();
}
uint64_t daxemu_device_size(const daxemu_device* device) {
  return device->impl->facts().size;
}
uint64_t daxemu_device_align(const daxemu_device* device) {
  return device->impl->facts().align;
}
int daxemu_device_node(const daxemu_device* device) {
  return device->impl->facts().node;
}
bool daxemu_device_is_emulated(const daxemu_device* device) {
  return device->impl->facts().emulated;
}
const char* daxemu_device_why(const daxemu_device* device) {
  return device->impl->facts().why.c_str();
}
uint64_t daxemu_device_first_pfn(const daxemu_device* device) {
  return device->impl->facts().first_pfn;
}

int daxemu_mmap(daxemu_device* device, size_t length, int prot, uint64_t offset, void** address) {
  return api::guarded([&] {
    const auto mapped = device->impl->map(length, prot, offset);
    if (!mapped) {
      return api::report(mapped.error(), "daxemu_mmap");
    }
    *address = *mapped;
    return 0;
  });
}

int daxemu_munmap(void* address, size_t length) {
  return api::guarded([&] {
    const auto done = at_mapping(
        address, [&](auto& mappings) { return mappings.unmap(address, length); },
        [&] { return sys::munmap(address, length); });
    return done ? 0 : api::report(done.error(), "daxemu_munmap");
  });
}

int daxemu_mprotect(void* address, size_t length, int prot) {
  return api::guarded([&] {
    const auto done = at_mapping(
        address, [&](auto& mappings) { return mappings.protect(address, length, prot); },
        [&] { return sys::mprotect(address, length, prot); });
    return done ? 0 : api::report(done.error(), "daxemu_mprotect");
  });
}

int daxemu_touch(void* address, bool write) {
  return api::guarded([&] {
    const auto done = at_mapping(
        address, [&](auto& mappings) { return mappings.touch(address, write); },
        [] { return Result<void>(fail(EFAULT)); });
    return done ? 0 : api::report(done.error(), "daxemu_touch");
  });
}

int daxemu_mmap_special(daxemu_platform* platform, size_t length, unsigned order, int prot, void** address) {
  return api::guarded([&] {
    const auto mapped =
        order > kMaxOrder ? Result<void*>(fail(EINVAL)) : platform->impl->mm().map_special(length, order, prot);
    if (!mapped) {
      return api::report(mapped.error(), "daxemu_mmap_special");
    }
    *address = *mapped;
    return 0;
  });
}

long daxemu_migrate_to_device(void* address, size_t length) {
  return api::guarded([&]() -> long {
    api::Platform* platform = api::current_platform();
    const auto moved =
        platform == nullptr ? Result<std::uint64_t>(fail(EINVAL)) : platform->mm().migrate_to_device(address, length);
    return moved ? static_cast<long>(*moved) : api::report(moved.error(), "daxemu_migrate_to_device");
  });
}

const char* daxemu_touch_engine(daxemu_platform* platform) {
  thread_local std::string engine;
  engine = platform->impl->mm().engine();
  return engine.c_str(); // NOLINT(clang-analyzer-cplusplus.InnerPointer): thread_local, it lives on
}

bool daxemu_translate_sigbus(void* what) {
  auto* info = static_cast<siginfo_t*>(what);
  if (fault::translate_early_kill(*info)) {
    return true;
  }
  const api::Platform* platform = api::current_platform();
  if (platform == nullptr || info->si_signo != SIGBUS || info->si_code != BUS_ADRERR) {
    return false;
  }
  const fault::PoisonHit hit = platform->mm().poison_at(info->si_addr);
  if (hit.address == nullptr) {
    return false;
  }
  info->si_code = BUS_MCEERR_AR;
  info->si_addr = hit.address;
  info->si_addr_lsb = hit.lsb;
  return true;
}

int daxemu_device_poison(daxemu_device* device, uint64_t offset) {
  return api::guarded([&] { return api::outcome(device->impl->poison(offset)); });
}
int daxemu_device_heal(daxemu_device* device, uint64_t offset) {
  return api::guarded([&] { return api::outcome(device->impl->heal(offset)); });
}
int daxemu_device_unbind(daxemu_device* device, unsigned milliseconds) {
  return api::guarded([&] { return api::outcome(device->impl->unbind(std::chrono::milliseconds(milliseconds))); });
}

long daxemu_pins(daxemu_platform* platform, char* text, size_t size) {
  return api::guarded([&]() -> long {
    mm::MemMap& map = platform->impl->mem_map();
    (void)gup::reap_dead(map, {});
    const auto entries = gup::ledger(map);
    if (!entries) {
      return api::report(entries.error(), "daxemu_pins");
    }
    std::string lines;
    for (const gup::LedgerEntry& entry : *entries) {
      const mm::Hold& hold = entry.hold;
      lines += "pid " + std::to_string(hold.pid) + " tid " + std::to_string(hold.tid) + " pfn " +
               std::to_string(mm::folio_of(*entry.device, hold.first)->pfn().value()) + " folios " +
               std::to_string(hold.folios) + " order " + std::to_string(entry.device->order()) + " pins " +
               std::to_string(hold.pins) + " gets " + std::to_string(hold.gets) + (hold.longterm ? " longterm" : "") +
               "\n";
    }
    if (size > 0) {
      const std::size_t fits = std::min(size - 1, lines.size());
      std::memcpy(text, lines.data(), fits);
      text[fits] = '\0';
    }
    return static_cast<long>(lines.size());
  });
}

} // extern "C"
