// How a process gets the platform's files that it may not find by their names: /proc/KEEPER/fd/N is EACCES to who has
// changed its user, has given up CAP_SYS_PTRACE or is in another user namespace, and not there in another pid namespace
// or root. It asks the keeper (runtime/cli/stage/keeper_service.hpp) by a datagram, whose answer carries the
// descriptor. The name of the socket is for all to see in /proc/net/unix: what is believed is who knows the secret,
// which is in the environment that daxemu run gives its command.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/result.hpp"
#include "emu/base/text/fixed_string.hpp"

namespace daxemu::store {

inline constexpr const char* kKeeperVariable = "DAXEMU_KEEPER"; // NAME:SECRET

// Where a keeper answers.
struct KeeperAddress {
  FixedString<48> name;   // of the abstract socket
  FixedString<48> secret; // kSecretDigits hexadecimal digits
};
inline constexpr std::size_t kSecretDigits = 32;

// Nothing: `text` is no such variable's value.
[[nodiscard]] std::optional<KeeperAddress> parse_keeper(std::string_view text);

// What goes over the socket. One that is not exactly this is not answered.
struct KeeperRequest {
  std::array<char, 8> magic{};
  std::array<char, kSecretDigits> secret{};
  std::int32_t flags = 0; // open(2)'s
  std::int32_t reserved = 0;
  FixedString<128> location;
};
struct KeeperAnswer {
  std::int32_t error = 0; // of open(2); 0: a descriptor comes with it
};
inline constexpr std::array<char, 8> kKeeperMagic = {'d', 'a', 'x', 'e', 'm', 'u', 'K', '1'};

// open(2) of the file at `location` by the keeper: a description of its own, at the lowest free number; O_CLOEXEC is
// this process's. Waits a second at most. No allocation. Errors: open(2)'s, ECONNREFUSED (no keeper there), EAGAIN (no
// answer), EPROTO, those of socket(2).
[[nodiscard]] Result<UniqueFd> ask_keeper(const KeeperAddress& keeper, const char* location, int flags);

} // namespace daxemu::store
