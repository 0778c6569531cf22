// A whole platform in one process, written to through its tree: regions of both kinds with devices, and the rules that
// hold whatever was written.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "emu/backing/file_source.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/store/store.hpp"
#include "emu/sysfs/tree/tree.hpp"

namespace daxemu::fuzz {

class PlatformModel {
public:
  // Two hmem regions, one of them with memory of a node, and a pmem region; a device in each.
  PlatformModel();

  [[nodiscard]] const sysfs::Tree& tree() const { return tree_; }
  [[nodiscard]] const store::Store& store() const { return store_; }
  // Every attribute there is now that root may write, in the tree's order.
  [[nodiscard]] std::vector<std::string> writable_attributes() const;
  // What regions, devices and ranges are, as text: equal if nothing of it has changed.
  [[nodiscard]] std::string configuration() const;
  // Ends the program if ranges overlap, leave their region, do not add up, or belong to nobody.
  void check() const;

private:
  void add_files();

  backing::MemfdSource source_;
  store::Store store_;
  sysfs::Tree tree_{store_};
  std::vector<UniqueFd> held_;
};

} // namespace daxemu::fuzz
