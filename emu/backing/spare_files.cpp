#include "emu/backing/spare_files.hpp"

#include <array>
#include <cstring>

#include "emu/backing/node_file.hpp"
#include "emu/base/text/size_text.hpp"
#include "emu/base/units.hpp"

namespace daxemu::backing {
namespace {

using store::BackingKind;
using store::BackingSlot;

struct Stock {
  BackingKind kind;
  std::uint64_t page_size;
  std::uint32_t count; // devices of this kind that a platform can get beside those it begins with
};
constexpr std::array<Stock, 3> kStocks = {{
    {BackingKind::shmem, kPageSize, 48},
    {BackingKind::hugetlb, kPmdSize, 32},
    {BackingKind::hugetlb, kPudSize, 8},
}};

tl::unexpected<Problem> cannot_make(const std::string& name, Errno error) {
  return refuse(error.value, "the spare file " + name + " cannot be made: " + std::strerror(error.value),
                "raise the limit of open files, or remove what is in the way");
}

// As many devices as there are files for their bytes.
Outcome<void> add_spare_nodes(const store::Store& store, FileSource& source, std::size_t count,
                              std::vector<UniqueFd>& held) {
  store::Platform& platform = store.platform();
  for (std::size_t at = 0; at < count; ++at) {
    const std::uint32_t number = platform.node_slots_used.load();
    if (number >= platform.node_slot_capacity) {
      return {};
    }
    auto node = make_node(source, "spare-" + std::to_string(at));
    if (!node) {
      return tl::unexpected(node.error());
    }
    store.node_slot_table()[number].node = node->record;
    platform.node_slots_used.store(number + 1, std::memory_order_release);
    held.push_back(std::move(node->fd));
  }
  return {};
}

} // namespace

Outcome<std::vector<UniqueFd>> add_spare_files(const store::Store& store, FileSource& source) {
  std::vector<UniqueFd> held;
  store::Platform& platform = store.platform();
  for (const Stock& stock : kStocks) {
    const bool for_regions = stock.kind == BackingKind::shmem && store.cxl().state.present != 0;
    const std::uint32_t count = stock.count + (for_regions ? static_cast<std::uint32_t>(store::kMaxCxlRegions) : 0);
    for (std::uint32_t at = 0; at < count; ++at) {
      const std::uint32_t number = platform.backing_slots_used.load();
      if (number >= platform.backing_slot_capacity) {
        break;
      }
      const std::string name = "spare-" + size_text(stock.page_size) + "-" + std::to_string(at);
      auto bytes = source.make(name, stock.page_size);
      if (!bytes && stock.kind == BackingKind::hugetlb) {
        break; // no such huge pages here: shmem serves
      }
      if (!bytes) {
        return cannot_make(name, bytes.error());
      }
      auto folios = source.make(name + ".folios", kPageSize);
      const auto st = sys::fstat(bytes->fd.get());
      if (!folios || !st) {
        return cannot_make(name + ".folios", folios ? st.error() : folios.error());
      }
      BackingSlot& slot = store.backing_slot_table()[number];
      slot.backing.kind = stock.kind;
      slot.backing.st_dev = st->st_dev;
      slot.backing.st_ino = st->st_ino;
      slot.backing.page_size = stock.page_size;
      slot.backing.location.assign(bytes->location);
      slot.backing.reason.assign("created or resized through the bus");
      slot.folios_location.assign(folios->location);
      platform.backing_slots_used.store(number + 1, std::memory_order_release);
      held.push_back(std::move(bytes->fd));
      held.push_back(std::move(folios->fd));
    }
  }
  constexpr std::size_t kFilesEach = 2; // bytes and folios
  auto nodes = add_spare_nodes(store, source, held.size() / kFilesEach, held);
  return nodes ? Outcome<std::vector<UniqueFd>>(std::move(held)) : tl::unexpected(nodes.error());
}

} // namespace daxemu::backing
