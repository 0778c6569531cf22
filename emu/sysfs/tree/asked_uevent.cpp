#include "emu/sysfs/tree/asked_uevent.hpp"

#include <array>

#include "emu/base/units.hpp"
#include "emu/sysfs/uevents/uevent.hpp"

namespace daxemu::sysfs {
namespace {

std::string_view last_of(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

// Buses, drivers and modules belong to sets of kobjects, everything else to what its `subsystem` leads to.
void put_subsystem(const store::Store& store, std::string_view object, Text& out) {
  PathText link;
  link.put(object).put("/subsystem");
  if (const auto found = resolve(store, link.view()); found && found->spec.type == NodeType::symlink) {
    PathText target;
    found->spec.target(found->scope, target);
    out.put(last_of(target.view()));
  } else if (object.starts_with("/sys/module/")) {
    out.put("module");
  } else if (object.starts_with("/sys/bus/")) {
    out.put(object.find("/drivers/") == std::string_view::npos ? "bus" : "drivers");
  }
}

} // namespace

void announce_asked(const store::Store& store, std::string_view path, const Found& found, std::string_view text) {
  const std::string_view object = path.substr(0, path.rfind('/'));
  NameText subsystem;
  put_subsystem(store, object, subsystem);
  TextBuffer<512> variables;
  if (found.spec.show != nullptr) {
    (void)found.spec.show(found.scope, variables);
  }
  if (text.ends_with('\n')) {
    text.remove_suffix(1);
  }
  const std::size_t space = text.find(' ');
  announce(store, {.action = text.substr(0, space),
                   .path = object,
                   .subsystem = subsystem.view(),
                   .variables = variables.view(),
                   .asked = space == std::string_view::npos ? std::string_view() : text.substr(space + 1),
                   .synthetic = true});
}

} // namespace daxemu::sysfs
