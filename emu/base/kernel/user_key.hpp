// Keys of the calling process (keyrings(7)), as far as the kernel takes passphrases of memory out of them: keys of type
// "encrypted" of 32 bytes. Their bytes are the kernel's own secret; what stands for them here is a hash of their
// encrypted form, which is the same for the same key however often it is loaded.
#pragma once

#include <array>
#include <cstdint>

#include "emu/base/result.hpp"

namespace daxemu {

using KeyHash = std::array<std::uint8_t, 32>;

// nvdimm_lookup_user_key(). Errors: ENOKEY (there is no such key, not for this process, or another kind of key).
[[nodiscard]] Result<KeyHash> hash_of_key(std::uint32_t serial);
// Its serial, among the keys that the process has (request_key(2) that asks nobody). Errors: ENOKEY.
[[nodiscard]] Result<std::uint32_t> find_encrypted_key(const char* description);

} // namespace daxemu
