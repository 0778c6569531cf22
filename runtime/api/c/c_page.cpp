#include <daxemu/page.h>
#include <daxemu/pgmap.h>

#include <daxemu/gup.h>

#include "emu/gup/grab.hpp"
#include "emu/mm/vmemmap.hpp"
#include "emu/pgmap/memory_failure.hpp"
#include "emu/pgmap/memory_types.hpp"
#include "emu/pgmap/pgmap.hpp"
#include "runtime/api/c/last_error.hpp"
#include "runtime/api/platform.hpp"

using namespace daxemu;

namespace {

mm::PagePtr plain(const daxemu_page* page) {
  return const_cast<daxemu_page*>(page);
}
std::optional<mm::Folio> folio_at(const daxemu_page* page) {
  api::Platform* platform = api::current_platform();
  return platform == nullptr ? std::nullopt : mm::page_folio(platform->mem_map(), plain(page));
}
std::uint32_t bits_of(const char* type, const Profile& profile) {
  const auto preset = pgmap::preset(type == nullptr ? "" : type, profile);
  return preset ? preset->bits() : 0;
}
std::optional<mm::Folio> known(const daxemu_folio* folio) {
  return folio_at(reinterpret_cast<const daxemu_page*>(folio));
}

} // namespace

extern "C" {

daxemu_page* daxemu_pfn_to_page(unsigned long pfn) {
  return mm::pfn_to_page(Pfn(pfn));
}
unsigned long daxemu_page_to_pfn(const daxemu_page* page) {
  return mm::page_to_pfn(plain(page)).value();
}
daxemu_page* daxemu_compound_head(const daxemu_page* page) {
  const auto folio = folio_at(page);
  return folio ? folio->page() : plain(page);
}
daxemu_folio* daxemu_page_folio(const daxemu_page* page) {
  return reinterpret_cast<daxemu_folio*>(daxemu_compound_head(page));
}
void* daxemu_page_address(const daxemu_page* page) {
  const auto folio = folio_at(page);
  if (!folio) {
    return nullptr;
  }
  const mm::DevicePages& device = folio->device();
  if (device.pgmap != nullptr && !device.pgmap->has(pgmap::Behaviour::direct_map)) {
    return nullptr;
  }
  return device.address_of(*device.pgoff_of(mm::page_to_pfn(plain(page))));
}

unsigned long daxemu_folio_pfn(const daxemu_folio* folio) {
  return daxemu_page_to_pfn(reinterpret_cast<const daxemu_page*>(folio));
}
unsigned int daxemu_folio_order(const daxemu_folio* folio) {
  const auto found = known(folio);
  return found ? found->order() : 0;
}
long daxemu_folio_nr_pages(const daxemu_folio* folio) {
  return 1L << daxemu_folio_order(folio);
}
int daxemu_folio_ref_count(const daxemu_folio* folio) {
  const auto found = known(folio);
  return found ? static_cast<int>(found->ref_count()) : 0;
}
int daxemu_folio_pincount(const daxemu_folio* folio) {
  const auto found = known(folio);
  return found ? static_cast<int>(found->pin_count()) : 0;
}
bool daxemu_folio_maybe_dma_pinned(const daxemu_folio* folio) {
  const auto found = known(folio);
  return found && found->maybe_dma_pinned();
}
bool daxemu_folio_test_dirty(const daxemu_folio* folio) {
  const auto found = known(folio);
  return found && found->dirty();
}
bool daxemu_folio_test_hwpoison(const daxemu_folio* folio) {
  const auto found = known(folio);
  return found && found->hwpoison();
}
unsigned long daxemu_folio_index(const daxemu_folio* folio) {
  const auto found = known(folio);
  return found ? found->index() : 0;
}
uint64_t daxemu_folio_mapping(const daxemu_folio* folio) {
  const auto found = known(folio);
  return found ? found->mapping() : 0;
}

bool daxemu_folio_try_get(daxemu_folio* folio) {
  const auto found = known(folio);
  if (!found || found->ref_count() == 0) { // folio_ref_add_unless_zero()
    return false;
  }
  const gup::PageRun run{&found->device(), found->extent().value() << found->order(), 1};
  return gup::grab_run(run, false, {.tid = static_cast<std::uint32_t>(sys::gettid())}).nr_pages == 1;
}
void daxemu_folio_put(daxemu_folio* folio) {
  daxemu_put_page(&folio->page);
}
int daxemu_folio_mapcount(const daxemu_folio* folio) {
  const auto found = known(folio);
  return found ? found->record().mapcount.load() : 0;
}
uint32_t daxemu_page_behaviours(const daxemu_page* page) {
  const auto folio = folio_at(page);
  return folio && folio->device().pgmap != nullptr ? folio->device().pgmap->behaviours().bits() : 0;
}
const void* daxemu_page_owner(const daxemu_page* page) {
  const auto folio = folio_at(page);
  return folio && folio->device().pgmap != nullptr ? folio->device().pgmap->owner() : nullptr;
}
int daxemu_memory_failure(unsigned long pfn) {
  return api::guarded([&] {
    const auto folio = folio_at(mm::pfn_to_page(Pfn(pfn)));
    const auto failed = folio && folio->device().pgmap != nullptr
                            ? pgmap::memory_failure(*folio->device().pgmap, Pfn(pfn), api::current_platform()->mm())
                            : Result<void>(fail(ENXIO));
    return failed ? 0 : api::report(failed.error(), "daxemu_memory_failure");
  });
}

int daxemu_vmemmap_account(uint64_t size, unsigned order, daxemu_vmemmap_cost* cost) {
  const auto spent = mm::vmemmap_cost(size, order);
  if (!spent) {
    return api::report(spent.error(), "daxemu_vmemmap_account: size is not a multiple of the folio");
  }
  *cost = {spent->plain, spent->dedup, spent->altmap, spent->pages_each, spent->kept_each, spent->daxemu_most};
  return 0;
}

bool daxemu_pgmap_describe(unsigned index, daxemu_pgmap_behaviour_info* info) {
  const auto table = pgmap::behaviour_table();
  if (index >= table.size()) {
    return false;
  }
  const auto& row = table[index];
  *info = {pgmap::Behaviours{row.behaviour}.bits(), row.name, row.effect, row.kernel};
  return true;
}

uint32_t daxemu_pgmap_preset(const char* type) {
  const auto chosen = chosen_profile(kKernelVariable, "");
  const api::Platform* platform = api::current_platform();
  return bits_of(type, platform != nullptr ? platform->profile() : chosen ? *chosen->profile : kDefaultProfile);
}
uint32_t daxemu_pgmap_preset_of(const char* type, const char* kernel) {
  const auto chosen = chosen_profile("kernel", kernel == nullptr ? "" : kernel);
  return chosen ? bits_of(type, *chosen->profile) : 0;
}

} // extern "C"
