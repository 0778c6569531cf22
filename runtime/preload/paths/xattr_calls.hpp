// Extended attributes of nodes, which the store keeps (emu/sysfs/inodes/extended_attributes).
#pragma once

#include <sys/types.h>

#include "emu/base/function_ref.hpp"
#include "runtime/preload/paths/path_call.hpp"

namespace daxemu::preload {

// What is asked, with the call's own arguments.
struct AttributeCall {
  enum class Kind { get, list, set, remove };
  Kind kind = Kind::list;
  const char* name = nullptr; // of all but `list`
  void* into = nullptr;       // get, list
  const void* value = nullptr;
  std::size_t size = 0; // of what is at `into` or `value`
  int flags = 0;        // set
};

ssize_t on_extended_attribute(const char* path, Follow follow, const AttributeCall& call,
                              FunctionRef<ssize_t(const char*)> real);
ssize_t on_extended_attribute_of(int fd, const AttributeCall& call, FunctionRef<ssize_t()> real);

} // namespace daxemu::preload
