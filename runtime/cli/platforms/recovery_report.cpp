#include "runtime/cli/platforms/recovery_report.hpp"

#include <ctime>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "emu/dax/change.hpp"
#include "emu/store/recovery_log.hpp"
#include "runtime/cli/text/terminal.hpp"

namespace daxemu::cli {
namespace {

std::string text_of(const store::RecoveryEntry& entry) {
  switch (entry.what) {
  case store::Recovery::change:
    return fmt::format("process {} died while it changed the devices; process {} put them in order", entry.dead,
                       entry.by);
  case store::Recovery::pins:
    return fmt::format("process {} died with {} pinned extents; process {} released them", entry.dead, entry.count,
                       entry.by);
  }
  return fmt::format("process {} recovered what process {} left", entry.by, entry.dead);
}

} // namespace

void tell_recoveries(const store::Store& store) {
  (void)dax::repair_if_abandoned(store);
  for (const store::RecoveryEntry& entry : store::untold_recoveries(store)) {
    const auto seconds = static_cast<std::time_t>(entry.at_ns / 1'000'000'000U);
    note(fmt::format("platform {}, {:%F %T}: {}", store.platform().name.view(), fmt::localtime(seconds),
                     text_of(entry)));
  }
}

} // namespace daxemu::cli
