#include "emu/base/profile.hpp"

#include <charconv>
#include <cstdlib>
#include <optional>

namespace daxemu {
namespace {

struct Version {
  unsigned major = 0;
  unsigned minor = 0;
};

// "6.12", "6.12.9", "6.12.9+deb13-amd64": what follows the second number begins with none of its own.
std::optional<Version> parse_version(std::string_view text) {
  for (const std::string_view prefix : {"linux-", "v"}) {
    if (text.starts_with(prefix)) {
      text.remove_prefix(prefix.size());
    }
  }
  Version version;
  const char* const end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, version.major);
  if (major.ec != std::errc{} || major.ptr == end || *major.ptr != '.') {
    return std::nullopt;
  }
  const auto minor = std::from_chars(major.ptr + 1, end, version.minor);
  if (minor.ec != std::errc{} || (minor.ptr != end && *minor.ptr != '.' && *minor.ptr != '-' && *minor.ptr != '+')) {
    return std::nullopt;
  }
  return version;
}

constexpr bool is_newer(const Profile& profile, Version version) {
  return profile.major != version.major ? profile.major > version.major : profile.minor > version.minor;
}

} // namespace

std::string known_kernels() {
  std::string text;
  for (const Profile& profile : kProfiles) {
    text += (text.empty() ? "" : ", ") + std::string(profile.version);
  }
  return text;
}

Outcome<ChosenProfile> find_profile(std::string_view text) {
  const auto version = parse_version(text);
  if (!version) {
    return refuse(EINVAL, std::string(text) + " is no version of a kernel", "use one of: " + known_kernels());
  }
  const Profile* nearest = nullptr;
  for (const Profile& profile : kProfiles) { // from the oldest to the newest
    nearest = is_newer(profile, *version) ? nearest : &profile;
  }
  if (nearest == nullptr) {
    return refuse(EINVAL, "Linux " + std::string(text) + " is older than every kernel that is mirrored",
                  "use one of: " + known_kernels());
  }
  ChosenProfile chosen{nearest, {}};
  if (nearest->major != version->major || nearest->minor != version->minor) {
    chosen.note = "Linux " + std::to_string(version->major) + "." + std::to_string(version->minor) +
                  " is not mirrored: it is served as " + std::string(nearest->version) +
                  ", the nearest that is not newer";
  }
  return chosen;
}

Outcome<ChosenProfile> chosen_profile(std::string_view what, std::string_view text) {
  std::string asked(text);
  std::string named(what);
  if (asked.empty()) {
    const char* variable = std::getenv(kKernelVariable);
    if (variable == nullptr || *variable == '\0') {
      return ChosenProfile{};
    }
    asked = variable;
    named = kKernelVariable;
  }
  auto chosen = find_profile(asked);
  if (!chosen) {
    return refuse(EINVAL, named + ": " + chosen.error().what, chosen.error().remedy);
  }
  return chosen;
}

} // namespace daxemu
