// A CXL bus as the guest of the recordings has it, and a tree over it: one host bridge with three root ports, two
// volatile memdevs and a persistent one of 512M each, two windows of 4G.
#pragma once

#include "emu/cxl/objects.hpp"
#include "tests/unit/cxl/platform.hpp"
#include "tests/unit/sysfs/sysfs_support.hpp"

namespace daxemu::sysfs {

inline cxl::TopologySpec guest_topology() {
  constexpr std::uint64_t kSize = 512 * cxl::kMega;
  return {.host_bridges = {{.root_ports = {cxl::memdev_below(kSize), cxl::memdev_below(kSize),
                                           cxl::memdev_below(0, kSize)}}},
          .windows = {{}, {}}};
}

struct CxlLab {
  explicit CxlLab(KernelId kernel = KernelId::linux_6_12, const cxl::TopologySpec& spec = guest_topology())
      : store(cxl::platform_of(spec, kernel)) {
    store.cxl().major = 250;
  }
  store::Store store;
  Tree tree{store};

  // The node at a path on which the last name may be reached over a link of /sys/bus/cxl/devices.
  [[nodiscard]] Result<Node> find(std::string path) const {
    constexpr std::string_view kDevices = "/sys/bus/cxl/devices/";
    if (path.starts_with(kDevices)) {
      const std::size_t end = path.find('/', kDevices.size());
      const auto link = tree.lookup(path.substr(0, end));
      if (!link) {
        return tl::unexpected(link.error());
      }
      if (end == std::string::npos) {
        return link;
      }
      const auto target = tree.readlink(*link);
      if (!target) {
        return tl::unexpected(target.error());
      }
      constexpr std::string_view kUp = "../../../";
      path = "/sys/" + std::string(target->view().substr(kUp.size())) + path.substr(end);
    }
    return tree.lookup(path);
  }
  // The text of an attribute, or "errno N".
  [[nodiscard]] std::string read(const std::string& path) const {
    const auto node = find(path);
    std::string text(kPageSize, '\0');
    const auto length = node ? tree.show(*node, text) : Result<std::size_t>(tl::unexpected(node.error()));
    return length ? text.substr(0, *length) : "errno " + std::to_string(length.error().value);
  }
  // 0 or the errno of writing `text`.
  [[nodiscard]] int write(const std::string& path, std::string_view text) const {
    const auto node = find(path);
    const auto stored = node ? tree.store(*node, text) : Result<std::size_t>(tl::unexpected(node.error()));
    return stored ? 0 : stored.error().value;
  }
  [[nodiscard]] bool exists(const std::string& path) const { return find(path).has_value(); }
  [[nodiscard]] std::uint32_t mode_of(const std::string& path) const {
    const auto node = find(path);
    return node ? node->mode : 0;
  }
};

} // namespace daxemu::sysfs
