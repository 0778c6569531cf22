// The language the tables of this folder are written in: a directory is a table of what it holds; a family is a set of
// entries that exist once per device, mapping, driver, ... Values are computed from the records when asked.
#pragma once

#include <span>
#include <string_view>

#include "emu/base/function_ref.hpp"
#include "emu/base/result.hpp"
#include "emu/dax/drivers.hpp"
#include "emu/store/store.hpp"
#include "emu/sysfs/schema/node.hpp"
#include "emu/sysfs/schema/text.hpp"

namespace daxemu::sysfs {

struct Module;

// What a node of the tree is about: narrowed by every family on the way down.
struct Scope {
  const store::Store* store = nullptr;
  store::RegionRecord* region = nullptr;
  store::DeviceRecord* device = nullptr;
  const dax::Driver* driver = nullptr;
  const Module* module = nullptr;
  std::uint32_t cxl = 0;  // reference of a thing of the CXL topology in its table (families/cxl_objects.hpp)
  std::uint32_t dimm = 0; // reference of the memdev whose DIMM on the nd bus a scope is narrowed to
  // Of the things on the way down that come and go under one name, as far as they are counted: another one, another
  // number. 0: none does.
  std::uint64_t born = 0;
  std::uint64_t number = 0;      // of the mapping, memory block, seed, ... where the family is numbered
  std::string_view written = {}; // by the write(2) that a Store answers, whatever follows a NUL byte included
  std::string_view wanted = {};  // not empty: a family may leave out members that are not called that
};

struct Directory;

using Show = Result<void> (*)(const Scope&, Text&);
using Store = Result<void> (*)(const Scope&, std::string_view); // of a C string: no NUL byte within
using Target = void (*)(const Scope&, Text&);                   // a link's target as an absolute path
using Visible = bool (*)(const Scope&);
// What poll(2) asks of an attribute: how often the kernel has told those who wait that it changed
// (sysfs_notify_dirent). Of one that is read once: 0 while there is nothing, else the number of the newest thing to
// read.
using Notices = std::uint64_t (*)(const Scope&);

inline constexpr std::uint32_t kAttributeSize = 4096; // sysfs: a page (internal_create_group)

struct NodeSpec {
  std::string_view name; // empty for a family: its members bring their own
  NodeType type = NodeType::directory;
  std::uint32_t mode = 0;
  bool shared = false;
  const Directory* directory = nullptr;
  Show show = nullptr;
  Store store = nullptr;
  Target target = nullptr;
  Visible visible = nullptr;
  std::uint32_t size = kAttributeSize; // of an attribute, as stat(2) says
  bool is_pipe = false;                // an attribute whose show takes out what it shows: asked by read(2) only
  std::uint32_t most = kAttributeSize; // bytes that show may give: of sysfs a page
  Notices notices = nullptr;           // of an attribute; without, the kernel tells nobody of a change
};

// Calls for each member with its name and its narrowed scope, until told to stop by `false`.
using Members = FunctionRef<bool(std::string_view, const Scope&)>;
struct Family {
  void (*each)(const Scope&, Members);
  NodeSpec node;
};

struct Directory {
  std::span<const NodeSpec> nodes;
  std::span<const Family> families = {};
};

[[nodiscard]] constexpr NodeSpec directory(std::string_view name, const Directory& what, Visible visible = nullptr) {
  return {.name = name, .type = NodeType::directory, .mode = 0755, .directory = &what, .visible = visible};
}
// One the real system has as well.
[[nodiscard]] constexpr NodeSpec shared(std::string_view name, const Directory& what, Visible visible = nullptr) {
  return {
      .name = name, .type = NodeType::directory, .mode = 0755, .shared = true, .directory = &what, .visible = visible};
}
[[nodiscard]] constexpr NodeSpec attribute(std::string_view name, std::uint32_t mode, Show show, Store store = nullptr,
                                           Visible visible = nullptr) {
  return {.name = name, .type = NodeType::attribute, .mode = mode, .show = show, .store = store, .visible = visible};
}
// One of bytes, whose size is known (a struct bin_attribute, a file of debugfs).
[[nodiscard]] constexpr NodeSpec binary(std::string_view name, std::uint32_t mode, std::uint32_t size, Show show,
                                        Store store = nullptr, Visible visible = nullptr) {
  NodeSpec spec = attribute(name, mode, show, store, visible);
  spec.size = size;
  return spec;
}
[[nodiscard]] constexpr NodeSpec link(std::string_view name, Target target, Visible visible = nullptr) {
  return {.name = name, .type = NodeType::symlink, .mode = 0777, .target = target, .visible = visible};
}
[[nodiscard]] constexpr NodeSpec device_node(std::uint32_t mode, std::string_view name = "",
                                             Visible visible = nullptr) {
  return {.name = name, .type = NodeType::device, .mode = mode, .visible = visible};
}

[[nodiscard]] constexpr NodeSpec block_node(std::uint32_t mode) {
  return {.name = "", .type = NodeType::block, .mode = mode};
}

} // namespace daxemu::sysfs
