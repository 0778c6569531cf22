#include "runtime/cli/record/label_area.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <linux/ndctl.h>
#include <sys/ioctl.h>

#include "emu/base/kernel/unique_fd.hpp"

namespace daxemu::cli {
namespace {

constexpr std::string_view kSignature("NAMESPACE_INDEX\0", 16);
constexpr std::uint64_t kStep = 256;   // index blocks are multiples of it
constexpr std::uint64_t kMost = 16384; // bytes that the second of them may begin behind
constexpr std::size_t kMinorAt = 62;   // struct nd_namespace_index

using Head = std::array<unsigned char, kStep>;

bool read_head(int fd, std::uint32_t offset, Head& head) {
  nd_cmd_get_config_data_hdr header{};
  header.in_offset = offset;
  header.in_length = kStep;
  alignas(8) std::array<unsigned char, sizeof header + kStep> question{};
  std::memcpy(question.data(), &header, sizeof header);
  if (::ioctl(fd, ND_IOCTL_GET_CONFIG_DATA, question.data()) < 0) {
    return false;
  }
  std::memcpy(&header, question.data(), sizeof header);
  if (header.status != 0) {
    return false;
  }
  std::copy_n(question.begin() + sizeof header, head.size(), head.begin());
  return true;
}

} // namespace

std::optional<LabelAreaSeen> see_label_area(const std::string& node) {
  // Not read-only: the number of GET_CONFIG_SIZE is that of a bus's command that writes (__nd_ioctl).
  const UniqueFd fd(::open(node.c_str(), O_RDWR | O_CLOEXEC));
  nd_cmd_get_config_size size{};
  if (!fd || ::ioctl(fd.get(), ND_IOCTL_GET_CONFIG_SIZE, &size) < 0 || size.status != 0) {
    return std::nullopt;
  }
  LabelAreaSeen seen{.size = size.config_size, .labels = "none"};
  // Either index block may be the one that counts; both say the same version.
  for (std::uint64_t at = 0; at < kMost && at + kStep <= seen.size && seen.labels == "none"; at += kStep) {
    Head head{};
    if (!read_head(fd.get(), static_cast<std::uint32_t>(at), head)) {
      return std::nullopt;
    }
    if (std::memcmp(head.data(), kSignature.data(), kSignature.size()) == 0) {
      seen.labels = head[kMinorAt] >= 2 ? "1.2" : "1.1";
    }
  }
  return seen;
}

} // namespace daxemu::cli
