#include "emu/sysfs/uevents/cxl_change.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "emu/sysfs/families/cxl_things.hpp"
#include "emu/sysfs/schema/text.hpp"
#include "emu/sysfs/uevents/uevent.hpp"

namespace daxemu::sysfs {
namespace {

using store::CxlState;

// The order in which what holds others comes before it; it goes the other way round.
constexpr std::array<CxlKind, kCxlKinds> kOrder = {CxlKind::function, CxlKind::memdev, CxlKind::nvdimm,
                                                   CxlKind::bridge,   CxlKind::port,   CxlKind::decoder,
                                                   CxlKind::region,   CxlKind::derived};

struct Said {
  const store::Store& store;
  const CxlState& state; // that has the thing
};
void say(const Said& of, CxlKind kind, std::uint32_t reference, std::string_view action) {
  PathText path;
  cxl_thing_path(of.state, kind, reference, path);
  TextBuffer<512> lines;
  cxl_variables(of.state, of.store.cxl().major, kind, reference, lines);
  announce(of.store, {.action = action,
                      .path = path.view(),
                      .subsystem = kind == CxlKind::function ? "pci" : "cxl",
                      .variables = lines.view()});
}

// The number that it is called by.
std::uint32_t number_of(const CxlState& state, CxlKind kind, std::uint32_t reference) {
  const std::uint32_t at = reference - 1;
  switch (kind) {
  case CxlKind::memdev:
  case CxlKind::nvdimm:
    return state.memdevs[at].id;
  case CxlKind::port:
    return state.ports[at].id;
  case CxlKind::region:
  case CxlKind::derived:
    return state.regions[at].id;
  case CxlKind::decoder: // of one port as of another: records of a port are used for that port's
    return state.decoders[at].port << 8U | state.decoders[at].id;
  case CxlKind::function:
  case CxlKind::bridge:
    break;
  }
  return 0;
}

// What became of one record: it may have been that of another thing before.
struct Step {
  bool gone = false;
  bool come = false;
  bool let_go = false;
  bool bound = false;
};
Step step_of(const CxlState& before, const CxlState& now, CxlKind kind, std::uint32_t reference) {
  const bool was = is_cxl_there(before, kind, reference);
  const bool is = is_cxl_there(now, kind, reference);
  const bool other = was && is && number_of(before, kind, reference) != number_of(now, kind, reference);
  const bool was_bound = is_cxl_bound(before, kind, reference);
  const bool is_bound = is_cxl_bound(now, kind, reference);
  return {.gone = was && (!is || other),
          .come = is && (!was || other),
          .let_go = was_bound && (!is_bound || other),
          .bound = is_bound && (!was_bound || other)};
}

template <class Each>
void each_thing(const CxlState& before, const CxlState& now, CxlKind kind, Each&& each) {
  const std::uint32_t count = std::max(cxl_count(before, kind), cxl_count(now, kind));
  for (std::uint32_t reference = 1; reference <= count; ++reference) {
    each(reference);
  }
}

void announce_added(const store::Store& store, const CxlState& before, const CxlState& now) {
  for (const CxlKind kind : kOrder) {
    each_thing(before, now, kind, [&](std::uint32_t reference) {
      if (step_of(before, now, kind, reference).come) {
        say({store, now}, kind, reference, "add");
      }
    });
  }
}
void announce_gone(const store::Store& store, const CxlState& before, const CxlState& now) {
  std::for_each(kOrder.rbegin(), kOrder.rend(), [&](CxlKind kind) {
    each_thing(before, now, kind, [&](std::uint32_t reference) {
      const Step step = step_of(before, now, kind, reference);
      if (step.let_go) {
        say({store, before}, kind, reference, "unbind");
      }
      if (step.gone) {
        say({store, before}, kind, reference, "remove");
      }
    });
  });
}
void announce_bound(const store::Store& store, const CxlState& before, const CxlState& now) {
  std::for_each(kOrder.rbegin(), kOrder.rend(), [&](CxlKind kind) {
    each_thing(before, now, kind, [&](std::uint32_t reference) {
      if (step_of(before, now, kind, reference).bound) {
        say({store, now}, kind, reference, "bind");
      }
    });
  });
}

} // namespace

AnnouncedCxlChange::AnnouncedCxlChange(const store::Store& store, cxl::Change change)
    : store_(&store), change_(std::move(change)), devices_before_(store) {}

AnnouncedCxlChange::AnnouncedCxlChange(AnnouncedCxlChange&& other) noexcept
    : store_(std::exchange(other.store_, nullptr)), change_(std::move(other.change_)),
      devices_before_(other.devices_before_) {}

Result<AnnouncedCxlChange> AnnouncedCxlChange::begin(const store::Store& store) {
  auto change = cxl::Change::begin(store);
  if (!change) {
    return tl::unexpected(change.error());
  }
  return AnnouncedCxlChange(store, std::move(*change));
}

// A region that is bound becomes devices, which are bound before it; one that is let go of loses them first.
AnnouncedCxlChange::~AnnouncedCxlChange() {
  if (store_ == nullptr) {
    return;
  }
  const CxlState& before = store_->cxl().before;
  const CxlState& now = store_->cxl().state;
  announce_added(*store_, before, now);
  Presence(*store_).announce_since(devices_before_, *store_);
  announce_gone(*store_, before, now);
  announce_bound(*store_, before, now);
}

} // namespace daxemu::sysfs
