#include "emu/sysfs/tree/resolve.hpp"

#include <algorithm>
#include <array>
#include <atomic>

#include "emu/base/program/later_relocations.hpp"
#include "emu/base/text/text_hash.hpp"
#include "emu/sysfs/schema/directories.hpp"
#include "emu/sysfs/tree/known_paths.hpp"

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

// Where the components of a path end, with the hash of what is before, as far as they are few enough.
class Ends {
public:
  explicit Ends(std::string_view path) {
    std::uint64_t hash = kNoTextHash;
    std::size_t begin = 0;
    while (begin < path.size() && count_ < ends_.size()) {
      const std::size_t end = std::min(path.find('/', begin + 1), path.size());
      hash = text_hash(path.substr(begin, end - begin), hash);
      ends_[count_++] = {end, hash};
      begin = end;
    }
  }
  struct End {
    std::size_t at;
    std::uint64_t hash;
  };
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] const End& operator[](std::size_t which) const { return ends_[which]; }

private:
  std::array<End, 24> ends_;
  std::size_t count_ = 0;
};

// Steps from where `found` is to the entry `name` in it. Errors: those of resolve().
Result<void> step(std::string_view name, Found& found) {
  if (found.spec.type != NodeType::directory) {
    return fail(ENOTDIR);
  }
  const bool real_too = found.spec.shared;
  return find_entry(*found.spec.directory, name, found) ? Result<void>() : fail(real_too ? EREMOTE : ENOENT);
}

} // namespace

void each_entry(const Directory& directory, const Scope& scope, Entries entries) {
  each_entry_called({}, directory, scope, entries);
}

Result<Reached> reach(const store::Store& store, std::string_view path, KnownPaths* known) {
  tables_ready();
  if (path.empty() || path.front() != '/') {
    return fail(EINVAL);
  }
  const std::atomic<std::uint64_t>& now = store.platform().sequence;
  const std::uint64_t sequence = now.load(std::memory_order_acquire);
  known = (sequence & 1U) == 0 ? known : nullptr; // while somebody changes something, all of it is looked for
  Reached at{.found = {shared("", kRoot), Scope{.store = &store}}, .length = path.size()};
  // From the longest part of the path that is known on.
  const Ends ends(known != nullptr ? path : std::string_view{});
  std::size_t next = ends.count();
  while (next > 0 && !known->recall(path.substr(0, ends[next - 1].at), ends[next - 1].hash, sequence, at.found)) {
    --next;
  }
  std::size_t begin = next == 0 ? 1 : ends[next - 1].at + 1;
  while (begin < path.size()) {
    if (at.found.spec.type == NodeType::symlink) {
      at.length = begin - 1;
      return at;
    }
    const std::size_t end = std::min(path.find('/', begin), path.size());
    if (const auto stepped = step(path.substr(begin, end - begin), at.found); !stepped) {
      return tl::unexpected(stepped.error());
    }
    std::atomic_thread_fence(std::memory_order_acquire);
    if (next < ends.count() && now.load(std::memory_order_relaxed) == sequence) {
      known->note(path.substr(0, end), ends[next].hash, sequence, at.found);
    }
    ++next;
    begin = end + 1;
  }
  return at;
}

Result<Found> resolve(const store::Store& store, std::string_view path, KnownPaths* known) {
  const auto at = reach(store, path, known);
  if (!at) {
    return tl::unexpected(at.error());
  }
  return at->length == path.size() ? Result<Found>(at->found) : fail(ENOTDIR);
}

} // namespace daxemu::sysfs
