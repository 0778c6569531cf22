#include "runtime/preload/memory/plugin.hpp"

#include <cstdlib>
#include <new>
#include <string>

#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "emu/dax/device/extents.hpp"
#include "emu/mm/folio_counts.hpp"
#include "runtime/api/plugin_file.hpp"
#include "runtime/fault/devices/device_view.hpp"

namespace daxemu::preload {
namespace {

enum Loading : int { kNotTried, kLoading, kDone };

// What the hooks find behind `self`. Made once, never destroyed.
struct Loaded {
  api::Plugin plugin;
  const store::Store* store;
  fault::FolioHooks hooks;
};

void complain_of(const Problem& problem) {
  const std::string line = "daxemu: " + problem.what + "; " + problem.remedy + "\n";
  (void)sys::call(SYS_write, 2, reinterpret_cast<long>(line.data()), static_cast<long>(line.size()));
}

// Calls one of the plugin's operations with the folio it is about.
template <class Value, class... Arguments>
Value ask(const Loaded& loaded, Value (*operation)(const daxemu_plugin_folio*, Arguments...),
          const fault::DeviceView& view, ExtentIndex extent, Arguments... arguments) {
  const FixedString<32> name = loaded.store->name_of(view.device());
  const ByteOffset offset(extent.value() * view.align());
  const auto address = dax::phys_of(view.device(), offset);
  const mm::FolioCounts counts = mm::counts_of(view.folio(extent));
  const bool reachable = loaded.plugin.behaviours.has(pgmap::Behaviour::direct_map);
  Mapping window;
  if (reachable) { // for as long as the call: a device may be larger than what is free here
    auto mapped = Mapping::of(view.fd(), view.align(), PROT_READ | PROT_WRITE, MAP_SHARED, offset.value());
    window = mapped ? std::move(*mapped) : Mapping();
  }
  const daxemu_plugin_folio folio = {.device = name.c_str(),
                                     .offset = offset.value(),
                                     .pfn = address ? address->value() >> kPageShift : 0,
                                     .nr_pages = view.align() >> kPageShift,
                                     .bytes = window.data(),
                                     .refs = counts.refs,
                                     .pincount = counts.pins};
  struct Noted { // whatever the operation wrote
    const fault::DeviceView& view;
    ~Noted() { view.note_change(); }
  } const noted{view};
  return operation(&folio, arguments...);
}

bool concerns(const Loaded& loaded, const fault::DeviceView& view) {
  const char* device = loaded.plugin.ops.device;
  return device == nullptr || loaded.store->name_of(view.device()).view() == device;
}

using FolioOperation = void (*)(const daxemu_plugin_folio*, void*);
template <FolioOperation daxemu_plugin_ops::*operation>
void tell(void* self, const fault::DeviceView& view, ExtentIndex extent) {
  const auto& loaded = *static_cast<Loaded*>(self);
  if (loaded.plugin.ops.*operation != nullptr && concerns(loaded, view)) {
    ask(loaded, loaded.plugin.ops.*operation, view, extent, loaded.plugin.ops.private_data);
  }
}

Result<void> result_of(int negative_errno) {
  return negative_errno >= 0 ? Result<void>() : fail(-negative_errno);
}

Result<void> device_opened(void* self, const fault::DeviceView& view) {
  const auto& loaded = *static_cast<Loaded*>(self);
  if (!concerns(loaded, view)) {
    return {};
  }
  if (auto fine = api::check_plugin(loaded.plugin, view.align()); !fine) {
    complain_of(fine.error());
    return fail(fine.error().code);
  }
  const daxemu_plugin_ops& ops = loaded.plugin.ops;
  return ops.opened == nullptr ? Result<void>()
                               : result_of(ops.opened(loaded.store->name_of(view.device()).c_str(), view.size(),
                                                      view.align(), ops.private_data));
}

Result<void> migrate_to_ram(void* self, const fault::DeviceView& view, ExtentIndex extent, std::byte* ram) {
  const auto& loaded = *static_cast<Loaded*>(self);
  if (!concerns(loaded, view)) {
    return {};
  }
  return result_of(ask(loaded, loaded.plugin.ops.migrate_to_ram, view, extent, static_cast<void*>(ram),
                       loaded.plugin.ops.private_data));
}

Result<void> memory_failure(void* self, const fault::DeviceView& view, ExtentIndex extent) {
  const auto& loaded = *static_cast<Loaded*>(self);
  if (loaded.plugin.ops.memory_failure == nullptr || !concerns(loaded, view)) {
    return fail(EOPNOTSUPP);
  }
  return result_of(ask(loaded, loaded.plugin.ops.memory_failure, view, extent, loaded.plugin.ops.private_data));
}

Result<void> longterm_pin(void* self, const fault::DeviceView& view, ExtentIndex extent, std::uint64_t first,
                          std::uint64_t nr_pages) {
  const auto& loaded = *static_cast<Loaded*>(self);
  if (!concerns(loaded, view)) {
    return {};
  }
  if (loaded.plugin.ops.longterm_pin == nullptr) {
    return fail(EOPNOTSUPP); // nobody to ask, as DaxHolder::ask_longterm()
  }
  return result_of(
      ask(loaded, loaded.plugin.ops.longterm_pin, view, extent, first, nr_pages, loaded.plugin.ops.private_data));
}

} // namespace

constinit PluginHost plugin_host;

Result<void> PluginHost::load(const store::Store& store, fault::AddressSpace& space) {
  const char* path = std::getenv(api::kPluginVariable);
  if (path == nullptr || *path == '\0') {
    return {};
  }
  if (::getauxval(AT_SECURE) != 0) { // more privileges than who set the variable: his code does not run here
    return {};
  }
  auto plugin = api::load_plugin(path, store.profile());
  if (!plugin) {
    complain_of(plugin.error());
    return fail(plugin.error().code);
  }
  auto* loaded = new Loaded{*plugin, &store, {}};
  loaded->hooks = {.self = loaded,
                   .swaps = loaded->plugin.behaviours.has(pgmap::Behaviour::device_swap_entries),
                   .frees = loaded->plugin.behaviours.has(pgmap::Behaviour::free_hook_on_idle),
                   .opened = device_opened,
                   .mapped = tell<&daxemu_plugin_ops::mapped>,
                   .unmapped = tell<&daxemu_plugin_ops::unmapped>,
                   .folio_free = tell<&daxemu_plugin_ops::folio_free>,
                   .migrate_to_ram = migrate_to_ram,
                   .memory_failure = memory_failure};
  if (loaded->plugin.behaviours.has(pgmap::Behaviour::ask_before_longterm)) {
    loaded->hooks.longterm_pin = longterm_pin;
  }
  space.use(&loaded->hooks);
  return {};
}

Result<void> PluginHost::prepare(const store::Store& store, fault::AddressSpace& space) {
  int tried = stage_.load(std::memory_order_acquire);
  if (tried == kDone) {
    return {};
  }
  if (tried == kNotTried && stage_.compare_exchange_strong(tried, kLoading)) {
    loader_.store(sys::gettid());
    const auto done = load(store, space);
    loader_.store(0);
    tried = done ? int{kDone} : -done.error().value;
    stage_.store(tried, std::memory_order_release);
    return done;
  }
  while (tried == kLoading && loader_.load() != sys::gettid()) { // itself: its constructors may map a device
    (void)sys::call(SYS_sched_yield);
    tried = stage_.load(std::memory_order_acquire);
  }
  return tried < 0 ? fail(-tried) : Result<void>();
}

} // namespace daxemu::preload
