#include "runtime/preload/paths/name_calls.hpp"

#include <cstdio>
#include <optional>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/sysfs/inodes/dev_names.hpp"
#include "emu/sysfs/inodes/permission.hpp"
#include "emu/sysfs/tracing/tracing.hpp"
#include "runtime/preload/nodes/caller.hpp"
#include "runtime/preload/nodes/covers.hpp"
#include "runtime/preload/paths/stat_calls.hpp"

namespace daxemu::preload {
namespace {

std::string_view without_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash == 0 ? 1 : slash);
}

bool is_in_dev(const sysfs::Node& node) {
  return node.type == sysfs::NodeType::device;
}

// May the caller change the directory that `path` (canonical) is in? That of a node in /dev is the machine's.
Result<void> permit_in(std::string_view path) {
  PathText directory;
  directory.assign(without_name(path));
  const sysfs::Tree& tree = Context::get()->tree();
  const auto node = tree.lookup(directory.view());
  if (node && !node->shared) {
    return tree.permission(*node, Caller().credentials(), sysfs::kMayWrite | sysfs::kMayExecute);
  }
  const auto may =
      sys::call(SYS_faccessat2, AT_FDCWD, reinterpret_cast<long>(directory.c_str()), W_OK | X_OK, AT_EACCESS);
  return may ? Result<void>() : tl::unexpected(may.error());
}

// Where a new name is to be: its directory as the kernel finds it.
struct Place {
  bool in_dev = false; // right in /dev
  dev_t file_system = 0;
  std::optional<sysfs::Node> node; // the directory, where the machine has none
  PathText directory;
  PathText name;
  bool slashed = false;
};

Result<Place> place_of(int dirfd, const char* path) {
  std::string_view text(path);
  Place place;
  while (text.size() > 1 && text.ends_with('/')) {
    text.remove_suffix(1);
    place.slashed = true;
  }
  if (text.empty()) {
    return fail(ENOENT);
  }
  const std::string_view directory = without_name(text);
  if (!place.directory.assign(directory.empty() ? "." : directory) ||
      !place.name.assign(text.substr(text.rfind('/') + 1))) {
    return fail(ENAMETOOLONG);
  }
  const Context& context = *Context::get();
  if (const auto about = sys::fstatat(dirfd, place.directory.c_str(), 0); about) {
    place.file_system = about->st_dev;
    place.in_dev = context.descriptors().is_dev_directory(*about);
    return S_ISDIR(about->st_mode) ? Result<Place>(place) : fail(ENOTDIR);
  }
  Resolution found;
  context.resolver().resolve(dirfd, place.directory.c_str(), Follow::always, found);
  if (found.kind != Resolution::Kind::node) {
    return fail(found.kind == Resolution::Kind::refused ? found.error.value : ENOENT);
  }
  place.file_system = context.descriptors().file_system_of(found.node.path.view());
  place.node = found.node;
  return found.node.type == sysfs::NodeType::directory ? Result<Place>(place) : fail(ENOTDIR);
}

// What has the name already: a node of ours, or a file of the machine's.
struct Holder {
  std::optional<sysfs::Node> node;
  bool real = false;
};
Holder holder_of(int dirfd, const Place& place) {
  Holder holder;
  PathText path;
  if (!place.in_dev && path.assign(place.directory.view()) && path.push(place.name.view())) {
    Resolution found;
    Context::get()->resolver().resolve(dirfd, path.c_str(), Follow::not_last, found);
    if (found.kind == Resolution::Kind::node && !found.node.shared) {
      holder.node = found.node;
      return holder;
    }
  }
  if (place.in_dev && path.assign(sysfs::kDevDirectory) && path.append(place.name.view())) {
    const Context& context = *Context::get();
    if (sysfs::Tree::may_name_node(context.store(), place.name.view())) {
      if (auto node = context.tree().lookup(path.view()); node) {
        holder.node = *node;
        return holder;
      }
    }
  }
  holder.real = path.assign(place.directory.view()) && path.push(place.name.view()) &&
                sys::fstatat(dirfd, path.c_str(), AT_SYMLINK_NOFOLLOW).has_value();
  return holder;
}

Result<void> permit_in(int dirfd, const Place& place) {
  if (place.node) {
    return Context::get()->tree().permission(*place.node, Caller().credentials(),
                                             sysfs::kMayWrite | sysfs::kMayExecute);
  }
  const auto may =
      sys::call(SYS_faccessat2, dirfd, reinterpret_cast<long>(place.directory.c_str()), W_OK | X_OK, AT_EACCESS);
  return may ? Result<void>() : tl::unexpected(may.error());
}

Result<int> done(const Result<void>& result) {
  return result ? Result<int>(0) : tl::unexpected(result.error());
}

// do_linkat() and vfs_link() for a node.
Result<int> link_node(const sysfs::Node& node, int to_dirfd, const char* to) {
  if (!is_text(to)) {
    return fail(EFAULT);
  }
  const auto place = place_of(to_dirfd, to);
  if (!place) {
    return tl::unexpected(place.error());
  }
  const Holder holder = holder_of(to_dirfd, *place);
  if (holder.node || holder.real) {
    return fail(EEXIST);
  }
  if (place->slashed) {
    return fail(ENOENT);
  }
  const Context& context = *Context::get();
  if (place->file_system != context.descriptors().file_system_of(node.path.view())) {
    return fail(EXDEV);
  }
  // may_linkat(): as a rule (fs.protected_hardlinks) nobody links to what is special and another's.
  const auto about = context.tree().stat(node);
  if (!about || !sysfs::owns(*about, Caller().credentials())) {
    return fail(EPERM);
  }
  if (auto may = permit_in(to_dirfd, *place); !may) {
    return tl::unexpected(may.error());
  }
  if (!is_in_dev(node) || !place->in_dev) {
    return fail(EPERM); // sysfs has no link; a folder of /dev keeps no nodes
  }
  return done(sysfs::link_node(context.store(), node, place->name.view()));
}

// is_local_mountpoint()
bool is_mounted_on(const sysfs::Node& node) {
  const store::Store& store = Context::get()->store();
  return node.type == sysfs::NodeType::device && node.device < store.device_table().size() &&
         cover_of(store, store.device_table()[node.device]).has_value();
}

// The name of what is, or is to be, right in /sys/kernel/tracing/instances; else empty.
std::string_view trace_instance_in(std::string_view path) {
  if (without_name(path) != sysfs::kTraceInstances) {
    return {};
  }
  return path.substr(path.rfind('/') + 1);
}

Result<int> remove_node(const Resolution& found, Removal what) {
  const sysfs::Node& node = found.node;
  if (auto may = permit_in(found.path.view()); !may) {
    return tl::unexpected(may.error());
  }
  const bool is_directory = node.type == sysfs::NodeType::directory;
  if (is_directory && what == Removal::file) {
    return fail(EISDIR);
  }
  if (!is_directory && what == Removal::directory) {
    return fail(ENOTDIR);
  }
  if (is_mounted_on(node)) {
    return fail(EBUSY);
  }
  if (const std::string_view name = trace_instance_in(found.path.view()); !name.empty()) {
    return done(sysfs::remove_trace_instance(Context::get()->store(), name));
  }
  return is_in_dev(node) ? done(sysfs::unlink_node(Context::get()->store(), node)) : fail(EPERM);
}

// do_renameat2() for a node: `found` is its name, `to` the new one.
Result<int> rename_node(const Resolution& found, int to_dirfd, const char* to, unsigned flags) {
  if (!is_text(to)) {
    return fail(EFAULT);
  }
  constexpr unsigned kKnown = RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT;
  if ((flags & ~kKnown) != 0 ||
      ((flags & RENAME_EXCHANGE) != 0 && (flags & ~static_cast<unsigned>(RENAME_EXCHANGE)) != 0)) {
    return fail(EINVAL);
  }
  const auto place = place_of(to_dirfd, to);
  if (!place) {
    return tl::unexpected(place.error());
  }
  const Context& context = *Context::get();
  if (place->file_system != context.descriptors().file_system_of(found.node.path.view())) {
    return fail(EXDEV);
  }
  const Holder holder = holder_of(to_dirfd, *place);
  const bool exists = holder.node || holder.real;
  if (exists && (flags & RENAME_NOREPLACE) != 0) {
    return fail(EEXIST);
  }
  if (!exists && (flags & RENAME_EXCHANGE) != 0) {
    return fail(ENOENT);
  }
  if (place->slashed && found.node.type != sysfs::NodeType::directory) {
    return fail(ENOTDIR);
  }
  if (place->node && is_at_or_below(place->node->path.view(), found.node.path.view())) {
    return fail(EINVAL); // lock_rename(): into itself
  }
  if (place->node && is_at_or_below(without_name(found.node.path.view()),
                                    holder.node ? holder.node->path.view() : std::string_view{})) {
    return fail(ENOTEMPTY);
  }
  if (holder.node && holder.node->inode == found.node.inode) {
    return 0; // two names of one inode: nothing to do
  }
  if (auto may = permit_in(found.path.view()); !may) {
    return tl::unexpected(may.error());
  }
  if (auto may = permit_in(to_dirfd, *place); !may) {
    return tl::unexpected(may.error());
  }
  if (flags != 0 && flags != RENAME_NOREPLACE) {
    return fail(EINVAL); // no exchange, no whiteout: as a file system that has neither
  }
  if (!is_in_dev(found.node) || !place->in_dev || holder.real) {
    return fail(EPERM);
  }
  if (is_mounted_on(found.node) || (holder.node && is_mounted_on(*holder.node))) {
    return fail(EBUSY);
  }
  return done(sysfs::rename_node(context.store(), found.node, place->name.view()));
}

mode_t file_creation_mask() {
  constexpr char kLabel[] = "Umask:\t";
  std::array<char, 1024> text{};
  const auto raw = sys::open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  if (!raw) {
    return 022;
  }
  const auto length = sys::pread(*raw, text.data(), text.size() - 1, 0);
  (void)sys::close(*raw);
  const std::string_view status(text.data(), length.value_or(0));
  const std::size_t at = status.find(kLabel);
  unsigned mask = 022;
  return at != std::string_view::npos && std::sscanf(text.data() + at, "Umask:\t%o", &mask) == 1 ? mask : 022;
}

} // namespace

namespace {

// `in_tracing`: what is made where tracefs has instances is one.
int make_at(int dirfd, const char* path, bool in_tracing, FunctionRef<int(const char*)> real) {
  return on_path<int>(dirfd, path, {.follow = Follow::not_last, .makes = true}, -1, real,
                      [in_tracing](const Resolution& found) -> Result<int> {
                        if (found.kind == Resolution::Kind::node || found.slashed) {
                          return fail(EEXIST);
                        }
                        const auto may = permit_in(found.path.view());
                        const std::string_view instance = trace_instance_in(found.path.view());
                        if (may && in_tracing && !instance.empty()) {
                          return done(sysfs::make_trace_instance(Context::get()->store(), instance));
                        }
                        return fail(may ? EPERM : may.error().value); // sysfs makes nothing
                      });
}

} // namespace

int make_path(int dirfd, const char* path, FunctionRef<int(const char*)> real) {
  return make_at(dirfd, path, false, real);
}

int make_directory(int dirfd, const char* path, FunctionRef<int(const char*)> real) {
  return make_at(dirfd, path, true, real);
}

int make_link(const char* target, int dirfd, const char* path, FunctionRef<int(const char*)> real) {
  return is_text(target) ? make_path(dirfd, path, real) : real(path);
}

int make_node_path(int dirfd, const char* path, mode_t mode, dev_t number, FunctionRef<int(const char*)> real) {
  // may_mknod(), which looks at no path.
  const mode_t type = mode & S_IFMT;
  if (type != 0 && type != S_IFREG && type != S_IFCHR && type != S_IFBLK && type != S_IFIFO && type != S_IFSOCK) {
    return real(path);
  }
  Context* context = S_ISCHR(mode) && is_text(path) && *path != '\0' ? Context::get() : nullptr;
  if (context == nullptr || !sysfs::node_of_number(context->store(), number)) {
    return make_path(dirfd, path, real);
  }
  const auto place = place_of(dirfd, path);
  if (!place || !place->in_dev || place->slashed) {
    return make_path(dirfd, path, real);
  }
  const Holder holder = holder_of(dirfd, *place);
  const Caller caller;
  Result<int> made = fail(EEXIST);
  if (!holder.node && !holder.real) {
    if (const auto may = permit_in(dirfd, *place); !may) {
      made = tl::unexpected(may.error());
    } else if (!caller.credentials().capable(sysfs::kCapMknod)) {
      made = fail(EPERM);
    } else {
      made = done(sysfs::make_node(context->store(), place->name.view(), number, mode & 07777U & ~file_creation_mask(),
                                   caller.credentials()));
    }
  }
  return libc_value(made, -1);
}

int remove_path(int dirfd, const char* path, Removal what, FunctionRef<int(const char*)> real) {
  return on_path<int>(dirfd, path, {.follow = Follow::not_last}, -1, real, [what](const Resolution& found) {
    return found.kind == Resolution::Kind::refused ? Result<int>(tl::unexpected(found.error))
                                                   : remove_node(found, what);
  });
}

int link_paths(int from_dirfd, const char* from, int to_dirfd, const char* to, int flags, RealPair real) {
  if (is_unknown(flags, AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) {
    return real(from, to);
  }
  Context* context = (flags & AT_EMPTY_PATH) != 0 && is_text(from) && *from == '\0' ? Context::get() : nullptr;
  if (context != nullptr) {
    if (const auto node = described_node(*context, from_dirfd); node) {
      return libc_value(Caller().credentials().capable(sysfs::kCapDacReadSearch) ? link_node(*node, to_dirfd, to)
                                                                                 : Result<int>(fail(ENOENT)),
                        -1);
    }
  }
  const Follow follow = (flags & AT_SYMLINK_FOLLOW) != 0 ? Follow::always : Follow::not_last;
  return on_path<int>(
      from_dirfd, from, {.follow = follow}, -1,
      [&](const char* p) {
        // do_linkat() looks for what is to be linked before it looks where to.
        const auto made_of = [&real, p](const char* q) { return real(p, q); };
        const bool settled = !is_text(to) || !is_text(p) || !sys::fstatat(from_dirfd, p, AT_SYMLINK_NOFOLLOW);
        return settled ? made_of(to) : make_path(to_dirfd, to, made_of);
      },
      [&](const Resolution& found) {
        return found.kind == Resolution::Kind::refused ? Result<int>(tl::unexpected(found.error))
                                                       : link_node(found.node, to_dirfd, to);
      });
}

int rename_paths(int from_dirfd, const char* from, int to_dirfd, const char* to, unsigned flags, RealPair real) {
  return on_path<int>(
      from_dirfd, from, {.follow = Follow::not_last}, -1,
      [&](const char* p) {
        if (!is_text(to) || !is_text(p)) {
          return real(p, to);
        }
        return on_path<int>(
            to_dirfd, to, {.follow = Follow::not_last, .makes = true}, -1, [&](const char* q) { return real(p, q); },
            [&](const Resolution& found) -> Result<int> {
              // do_renameat2() compares the file systems of the directories before it looks for the names.
              const auto place = place_of(from_dirfd, p);
              if (!place) {
                return tl::unexpected(place.error());
              }
              if (place->file_system != Context::get()->descriptors().file_system_of(found.path.view())) {
                return fail(EXDEV);
              }
              if (const auto about = sys::fstatat(from_dirfd, p, AT_SYMLINK_NOFOLLOW); !about) {
                return tl::unexpected(about.error());
              }
              return fail(found.kind == Resolution::Kind::node && (flags & RENAME_NOREPLACE) != 0 ? EEXIST : EPERM);
            });
      },
      [&](const Resolution& found) {
        return found.kind == Resolution::Kind::refused ? Result<int>(tl::unexpected(found.error))
                                                       : rename_node(found, to_dirfd, to, flags);
      });
}

} // namespace daxemu::preload
