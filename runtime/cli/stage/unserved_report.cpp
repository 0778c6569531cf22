#include "runtime/cli/stage/unserved_report.hpp"

#include <fmt/format.h>

#include "emu/store/processes/unserved_log.hpp"

namespace daxemu::cli {
namespace {

const char* reason_of(store::Unserved why) {
  switch (why) {
  case store::Unserved::linked_statically:
    return "statically linked";
  case store::Unserved::raises_privileges:
    return "set-user-ID, set-group-ID or with file capabilities";
  case store::Unserved::own_calls:
    return "a Go program";
  case store::Unserved::foreign:
    return "32-bit or of another machine";
  case store::Unserved::nothing:
    break;
  }
  return "not served";
}

} // namespace

UnservedReport::UnservedReport(const store::Store& store) : store_(store), all_before_(store::unserved_starts(store)) {
  store::each_unserved(store, [this](const store::UnservedRecord& record) {
    before_[std::string(record.path.view())] = record.starts.load();
  });
}

std::string UnservedReport::text() const {
  constexpr std::size_t kShown = 4;
  std::string shown;
  std::size_t programs = 0;
  std::uint64_t starts = 0;
  store::each_unserved(store_, [&](const store::UnservedRecord& record) {
    const std::string path(record.path.view());
    const auto known = before_.find(path);
    const std::uint64_t since = record.starts.load() - (known == before_.end() ? 0 : known->second);
    starts += since;
    if (since > 0 && programs++ < kShown) {
      shown += fmt::format("{}{} ({})", shown.empty() ? "" : ", ", path, reason_of(record.why));
    }
  });
  const bool more = programs > kShown || store::unserved_starts(store_) - all_before_ > starts;
  if (shown.empty()) {
    return more ? "programs ran that could not see the devices; the platform has no room for their names" : "";
  }
  return fmt::format("could not see the devices: {}{}; run what they would start, or a dynamically linked program",
                     shown, more ? " and others" : "");
}

} // namespace daxemu::cli
