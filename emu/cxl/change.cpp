#include "emu/cxl/change.hpp"

#include "emu/cxl/derived/derived.hpp"
#include "emu/cxl/share/shared_poison.hpp"
#include "emu/nd/region.hpp"
#include "emu/nd/share/stretches.hpp"
#include "emu/store/topology_undo.hpp"

namespace daxemu::cxl {

Result<Change> Change::begin(const store::Store& store) {
  auto change = dax::Change::begin(store);
  if (!change) {
    return tl::unexpected(change.error());
  }
  settle_derived(store);
  nd::settle_claims(store);
  settle_poison(store);
  nd::forget_lost_claims(store);
  store::keep_topology(store.cxl());
  return Change(store, std::move(*change));
}

Change::~Change() {
  if (store_ == nullptr) {
    return;
  }
  store::forget_topology(store_->cxl());
  if (const bool is_news = store_->cxl().poison_seen != poison_seen_; is_news) {
    { const dax::Change ended = std::move(change_); }
    tell_members(*store_);
  }
}

void Change::undo() {
  store::put_topology_back(store_->cxl());
  store::keep_topology(store_->cxl());
}

} // namespace daxemu::cxl
