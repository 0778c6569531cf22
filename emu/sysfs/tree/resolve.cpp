#include "emu/sysfs/tree/resolve.hpp"

#include "emu/sysfs/schema/directories.hpp"

namespace daxemu::sysfs {
namespace {

bool is_visible(const NodeSpec& spec, const Scope& scope) {
  return spec.visible == nullptr || spec.visible(scope);
}

// Entries, of all names or, quicker, of one.
void each_entry_called(std::string_view wanted, const Directory& directory, const Scope& scope, Entries entries) {
  for (const NodeSpec& spec : directory.nodes) {
    if ((wanted.empty() || spec.name == wanted) && is_visible(spec, scope) && !entries(spec.name, spec, scope)) {
      return;
    }
  }
  Scope looking = scope;
  looking.wanted = wanted;
  for (const Family& family : directory.families) {
    bool go_on = true;
    family.each(looking, [&](std::string_view name, const Scope& narrowed) {
      if (!wanted.empty() && name != wanted) {
        return true;
      }
      Scope member = narrowed;
      member.wanted = {};
      go_on = !is_visible(family.node, member) || entries(name, family.node, member);
      return go_on;
    });
    if (!go_on) {
      return;
    }
  }
}

bool find_entry(const Directory& directory, std::string_view name, Found& found) {
  bool hit = false;
  const Scope scope = found.scope;
  each_entry_called(name, directory, scope, [&](std::string_view, const NodeSpec& spec, const Scope& narrowed) {
    hit = true;
    found = {spec, narrowed};
    return false;
  });
  return hit;
}

} // namespace

void each_entry(const Directory& directory, const Scope& scope, Entries entries) {
  each_entry_called({}, directory, scope, entries);
}

Result<Found> resolve(const store::Store& store, std::string_view path) {
  if (path.empty() || path.front() != '/') {
    return fail(EINVAL);
  }
  Found found{shared("", kRoot), Scope{.store = &store}};
  path.remove_prefix(1);
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view name = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    if (found.spec.type != NodeType::directory) {
      return fail(ENOTDIR);
    }
    const bool real_too = found.spec.shared;
    if (!find_entry(*found.spec.directory, name, found)) {
      return fail(real_too ? EREMOTE : ENOENT);
    }
  }
  return found;
}

} // namespace daxemu::sysfs
