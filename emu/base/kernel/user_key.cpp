#include "emu/base/kernel/user_key.hpp"

#include <string_view>

#include <linux/keyctl.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/sha256.hpp"

namespace daxemu {
namespace {

constexpr std::size_t kRoom = 1024;

Result<std::string_view> ask(int what, std::uint32_t serial, std::array<char, kRoom>& into) {
  const auto length = sys::call(SYS_keyctl, what, serial, reinterpret_cast<long>(into.data()), into.size());
  if (!length || *length <= 0 || static_cast<std::size_t>(*length) > into.size()) {
    return fail(ENOKEY);
  }
  return std::string_view(into.data(), static_cast<std::size_t>(*length));
}

// The text of such a key: its format, its master key, how many bytes it has, and these.
bool has_32_bytes(std::string_view text) {
  for (int word = 0; word < 2; ++word) {
    const std::size_t blank = text.find(' ');
    if (blank == std::string_view::npos) {
      return false;
    }
    text.remove_prefix(blank + 1);
  }
  return text.starts_with("32 ");
}

} // namespace

Result<KeyHash> hash_of_key(std::uint32_t serial) {
  std::array<char, kRoom> room;
  const auto about = ask(KEYCTL_DESCRIBE, serial, room);
  if (!about || !about->starts_with("encrypted;")) {
    return fail(ENOKEY);
  }
  const auto text = ask(KEYCTL_READ, serial, room);
  if (!text || !has_32_bytes(*text)) {
    return fail(ENOKEY);
  }
  Sha256 hash;
  hash.add(*text);
  return hash.digest();
}

Result<std::uint32_t> find_encrypted_key(const char* description) {
  const auto found =
      sys::call(SYS_request_key, reinterpret_cast<long>("encrypted"), reinterpret_cast<long>(description), 0, 0);
  return found ? Result<std::uint32_t>(static_cast<std::uint32_t>(*found)) : fail(ENOKEY);
}

} // namespace daxemu
