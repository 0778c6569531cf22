// Extended attributes. Emulated nodes have none and keep none; how a call is refused depends on the attribute's
// namespace (xattr_permission) and on what the node is.
#pragma once

#include <sys/types.h>

#include "emu/base/function_ref.hpp"
#include "runtime/preload/paths/path_call.hpp"

namespace daxemu::preload {

enum class AttributeCall { get, list, set, remove };

// `name` is nullptr for `list`.
ssize_t on_extended_attribute(const char* path, Follow follow, const char* name, AttributeCall call,
                              FunctionRef<ssize_t(const char*)> real);
ssize_t on_extended_attribute_of(int fd, const char* name, AttributeCall call, FunctionRef<ssize_t()> real);

} // namespace daxemu::preload
