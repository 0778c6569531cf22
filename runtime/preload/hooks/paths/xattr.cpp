// Extended attributes of paths, of links themselves and of descriptors.
#include <sys/xattr.h>

#include "runtime/preload/ground/hook.hpp"
#include "runtime/preload/ground/real.hpp"
#include "runtime/preload/paths/xattr_calls.hpp"

using namespace daxemu::preload;
using Kind = AttributeCall::Kind;

#define DAXEMU_XATTR_HOOKS(prefix, follow)                                                                             \
  DAXEMU_REAL(prefix##getxattr, ssize_t(const char*, const char*, void*, size_t));                                     \
  DAXEMU_HOOK(ssize_t, prefix##getxattr, (const char* path, const char* name, void* into, size_t size)) {              \
    return on_extended_attribute(path, follow, {.kind = Kind::get, .name = name, .into = into, .size = size},          \
                                 [=](const char* p) { return real_##prefix##getxattr(p, name, into, size); });         \
  }                                                                                                                    \
  DAXEMU_REAL(prefix##listxattr, ssize_t(const char*, char*, size_t));                                                 \
  DAXEMU_HOOK(ssize_t, prefix##listxattr, (const char* path, char* into, size_t size)) {                               \
    return on_extended_attribute(path, follow, {.kind = Kind::list, .into = into, .size = size},                       \
                                 [=](const char* p) { return real_##prefix##listxattr(p, into, size); });              \
  }                                                                                                                    \
  DAXEMU_REAL(prefix##setxattr, int(const char*, const char*, const void*, size_t, int));                              \
  DAXEMU_HOOK(int, prefix##setxattr,                                                                                   \
              (const char* path, const char* name, const void* value, size_t size, int flags)) {                       \
    return static_cast<int>(on_extended_attribute(                                                                     \
        path, follow, {.kind = Kind::set, .name = name, .value = value, .size = size, .flags = flags},                 \
        [=](const char* p) { return static_cast<ssize_t>(real_##prefix##setxattr(p, name, value, size, flags)); }));   \
  }                                                                                                                    \
  DAXEMU_REAL(prefix##removexattr, int(const char*, const char*));                                                     \
  DAXEMU_HOOK(int, prefix##removexattr, (const char* path, const char* name)) {                                        \
    return static_cast<int>(                                                                                           \
        on_extended_attribute(path, follow, {.kind = Kind::remove, .name = name}, [=](const char* p) {                 \
          return static_cast<ssize_t>(real_##prefix##removexattr(p, name));                                            \
        }));                                                                                                           \
  }
DAXEMU_XATTR_HOOKS(, Follow::always)
DAXEMU_XATTR_HOOKS(l, Follow::not_last)

DAXEMU_REAL(fgetxattr, ssize_t(int, const char*, void*, size_t));
DAXEMU_HOOK(ssize_t, fgetxattr, (int fd, const char* name, void* into, size_t size)) {
  return on_extended_attribute_of(fd, {.kind = Kind::get, .name = name, .into = into, .size = size},
                                  [=] { return real_fgetxattr(fd, name, into, size); });
}
DAXEMU_REAL(flistxattr, ssize_t(int, char*, size_t));
DAXEMU_HOOK(ssize_t, flistxattr, (int fd, char* into, size_t size)) {
  return on_extended_attribute_of(fd, {.kind = Kind::list, .into = into, .size = size},
                                  [=] { return real_flistxattr(fd, into, size); });
}
DAXEMU_REAL(fsetxattr, int(int, const char*, const void*, size_t, int));
DAXEMU_HOOK(int, fsetxattr, (int fd, const char* name, const void* value, size_t size, int flags)) {
  return static_cast<int>(
      on_extended_attribute_of(fd, {.kind = Kind::set, .name = name, .value = value, .size = size, .flags = flags},
                               [=] { return static_cast<ssize_t>(real_fsetxattr(fd, name, value, size, flags)); }));
}
DAXEMU_REAL(fremovexattr, int(int, const char*));
DAXEMU_HOOK(int, fremovexattr, (int fd, const char* name)) {
  return static_cast<int>(on_extended_attribute_of(fd, {.kind = Kind::remove, .name = name},
                                                   [=] { return static_cast<ssize_t>(real_fremovexattr(fd, name)); }));
}
