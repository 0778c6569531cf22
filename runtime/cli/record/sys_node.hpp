// A folder of sysfs, or of a copy of one, and what a record reads of it: each attribute a text, a number, a link. What
// is not there, or not this user's to read, is nothing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace daxemu::cli {

class SysNode {
public:
  explicit SysNode(std::filesystem::path path) : path_(std::move(path)) {}

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::string name() const { return path_.filename().string(); }
  [[nodiscard]] bool is_there() const;
  [[nodiscard]] bool has(const std::string& attribute) const;
  // Its attribute, without the newline.
  [[nodiscard]] std::optional<std::string> text(const std::string& attribute) const;
  // As strtoull(3) reads it with base 0, and negative ones.
  [[nodiscard]] std::optional<std::uint64_t> number(const std::string& attribute) const;
  [[nodiscard]] std::optional<int> signed_number(const std::string& attribute) const;
  // The folder that a link leads to.
  [[nodiscard]] std::optional<SysNode> link(const std::string& name) const;
  // Its folders (or links to some, followed) whose names are `prefix`, digits and dots, in the order of their numbers.
  [[nodiscard]] std::vector<SysNode> children(const std::string& prefix) const;
  [[nodiscard]] SysNode parent() const { return SysNode(path_.parent_path()); }
  [[nodiscard]] SysNode child(const std::string& name) const { return SysNode(path_ / name); }

private:
  std::filesystem::path path_;
};

// The N of nameN, the last of name0.N. 0 where there is none.
[[nodiscard]] std::uint32_t number_of_name(const std::string& name);
[[nodiscard]] std::uint32_t last_number_of_name(const std::string& name);

} // namespace daxemu::cli
