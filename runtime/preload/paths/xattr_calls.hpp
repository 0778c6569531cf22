// Extended attributes. Emulated nodes have none and keep none; how a call is refused depends on the attribute's
// namespace (xattr_permission) and on what the node is.
#pragma once

#include <sys/types.h>

#include "emu/base/function_ref.hpp"
#include "runtime/preload/paths/path_call.hpp"

namespace daxemu::preload {

enum class AttributeCall { get, list, set, remove };

// What is asked, by the caller's own pointers.
struct AttributeUse {
  AttributeCall call;
  const char* name = nullptr; // none for `list`
  const void* value = nullptr;
  std::size_t size = 0; // of the value to be set
};

ssize_t on_extended_attribute(const char* path, Follow follow, const AttributeUse& use,
                              FunctionRef<ssize_t(const char*)> real);
ssize_t on_extended_attribute_of(int fd, const AttributeUse& use, FunctionRef<ssize_t()> real);

} // namespace daxemu::preload
