// A platform as a tree: its buses, what hangs on them, and the devices that programs open. For people.
#pragma once

#include <string>
#include <vector>

#include "emu/store/store.hpp"

namespace daxemu::cli {

struct TreeNode {
  std::string text;
  std::vector<TreeNode> below = {};
};

[[nodiscard]] TreeNode platform_tree(const store::Store& store);

// A line for each node, below each other as tree(1) has them.
[[nodiscard]] std::string tree_text(const TreeNode& root);

} // namespace daxemu::cli
