#include "emu/trace/event.hpp"

namespace daxemu::trace {
namespace {

constexpr std::array<std::string_view, kKinds> kNames = {"process", "fault",    "map",    "unmap",       "pin",
                                                         "unpin",   "callback", "poison", "sysfs_write", "sigbus",
                                                         "module",  "device",   "refusal"};

} // namespace

std::string_view name_of(Kind kind) {
  const auto at = static_cast<std::size_t>(kind);
  return at < kNames.size() ? kNames.at(at) : "?";
}

} // namespace daxemu::trace
