#include "emu/cxl/change.hpp"

#include "emu/cxl/derived/derived.hpp"
#include "emu/store/topology_undo.hpp"

namespace daxemu::cxl {

Result<Change> Change::begin(const store::Store& store) {
  auto change = dax::Change::begin(store);
  if (!change) {
    return tl::unexpected(change.error());
  }
  settle_derived(store);
  store::keep_topology(store.cxl());
  return Change(store, std::move(*change));
}

Change::~Change() {
  if (store_ != nullptr) {
    store::forget_topology(store_->cxl());
  }
}

void Change::undo() {
  store::put_topology_back(store_->cxl());
  store::keep_topology(store_->cxl());
}

} // namespace daxemu::cxl
