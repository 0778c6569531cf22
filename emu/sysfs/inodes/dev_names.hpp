// Which names of /dev are nodes: those that drivers made, less what was taken away, and what was given (link, rename,
// mknod). devtmpfs keeps them in its directory; here the store does. Only names right in /dev are kept.
#pragma once

#include <optional>
#include <string_view>

#include <sys/types.h>

#include "emu/base/function_ref.hpp"
#include "emu/base/result.hpp"
#include "emu/store/node_table.hpp"
#include "emu/sysfs/inodes/credentials.hpp"
#include "emu/sysfs/schema/node.hpp"

namespace daxemu::sysfs {

inline constexpr std::string_view kDevDirectory = "/dev/";

// The node that `name` was given to; nothing: the name is as drivers made it. Errors: ENOENT: the node was taken away.
[[nodiscard]] Result<std::optional<Node>> node_given(const store::Store& store, std::string_view name);
void each_given_node(const store::Store& store, FunctionRef<void(std::string_view, const Node&)> each);
// The node that the driver of `device` made, by the name it has now, or none (`gone`).
[[nodiscard]] Node driver_node(const store::Store& store, const store::DeviceRecord& device);
// How many names the inode of a node has.
[[nodiscard]] std::uint32_t links_of(const store::Store& store, const Node& node);
// The node of the device that has this number; nothing: none of ours has.
[[nodiscard]] std::optional<Node> node_of_number(const store::Store& store, dev_t number);

// Changes of the directory; who may is for the caller to ask of the real /dev. Errors: ENOSPC, ENAMETOOLONG, EEXIST.
Result<void> link_node(const store::Store& store, const Node& node, std::string_view name);
Result<void> unlink_node(const store::Store& store, const Node& node);
Result<void> rename_node(const store::Store& store, const Node& node, std::string_view name);
// mknod(2) of one of our numbers.
Result<void> make_node(const store::Store& store, std::string_view name, dev_t number, std::uint32_t mode,
                       const Credentials& who);

} // namespace daxemu::sysfs
