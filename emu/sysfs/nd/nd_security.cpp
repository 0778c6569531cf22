#include "emu/sysfs/nd/nd_security.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "emu/base/kernel/user_key.hpp"
#include "emu/cxl/mailbox/security.hpp"
#include "emu/sysfs/families/nd_cxl_objects.hpp"
#include "emu/sysfs/schema/values.hpp"
#include "emu/sysfs/uevents/cxl_change.hpp"

namespace daxemu::sysfs {
namespace {

using cxl::CxlMemdevRecord;
using cxl::Passphrase;
using cxl::Whose;

// nvdimm_get_user_key_payload(): no key stands for the passphrase that was never set.
Result<Passphrase> passphrase_of(std::uint32_t key, bool may_be_none) {
  if (key == 0) {
    return may_be_none ? Result<Passphrase>(Passphrase{}) : fail(ENOKEY);
  }
  return hash_of_key(key);
}

// cxl_pmem_get_security_flags(): NVDIMM_SECURITY_FROZEN
bool is_frozen(const CxlMemdevRecord& memdev) {
  return (memdev.security & cxl::kUserPassphrase) != 0 && (memdev.security & (cxl::kFrozen | cxl::kUserLimit)) != 0;
}

struct Given {
  std::array<Passphrase, 2> passphrases{};
};
using Ask = Result<void> (*)(const Scope&, CxlMemdevRecord&, const Given&);

template <Whose Of>
Result<void> disable(const Scope& scope, CxlMemdevRecord& memdev, const Given& given) {
  return cxl::disable_passphrase(*scope.store, memdev, Of, given.passphrases[0]);
}
template <Whose Of>
Result<void> update(const Scope& scope, CxlMemdevRecord& memdev, const Given& given) {
  return cxl::set_passphrase(*scope.store, memdev, Of, given.passphrases[0], given.passphrases[1]);
}
template <Whose Of>
Result<void> erase(const Scope& scope, CxlMemdevRecord& memdev, const Given& given) {
  return cxl::erase_by_passphrase(*scope.store, memdev, Of, given.passphrases[0]);
}
Result<void> freeze(const Scope& scope, CxlMemdevRecord& memdev, const Given&) {
  return cxl::freeze_security(*scope.store, memdev);
}
// cxl_security_ops has none.
Result<void> overwrite(const Scope&, CxlMemdevRecord&, const Given&) {
  return fail(EOPNOTSUPP);
}

struct Command {
  std::string_view name;
  std::size_t keys;
  bool of_idle; // EBUSY while a region has the DIMM
  bool when_frozen;
  bool of_master; // wants a master passphrase that is set
  Ask ask;
};
constexpr Command kCommands[] = {
    {"freeze", 0, false, true, false, freeze},
    {"disable", 1, false, false, false, disable<Whose::user>},
    {"disable_master", 1, false, false, false, disable<Whose::master>},
    {"update", 2, false, false, false, update<Whose::user>},
    {"erase", 1, true, false, false, erase<Whose::user>},
    {"overwrite", 1, true, true, false, overwrite},
    {"master_update", 2, false, false, false, update<Whose::master>},
    {"master_erase", 1, true, false, true, erase<Whose::master>},
};

// Only nodes of memdevs have what is here.
CxlMemdevRecord& memdev_of(const Scope& scope) {
  return *dimm_in(scope).memdev;
}

// The next of blank-separated words, at most `most` characters of it (sscanf's %Ns).
std::string_view next_word(std::string_view& text, std::size_t most) {
  constexpr std::string_view kBlank = " \t\n\r\v\f";
  text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size()));
  const std::string_view word = text.substr(0, std::min(text.find_first_of(kBlank), most));
  text.remove_prefix(word.size());
  return word;
}

} // namespace

Result<void> show_dimm_security(const Scope& scope, Text& out) {
  const std::uint32_t flags = memdev_of(scope).security;
  out.put((flags & cxl::kUserPassphrase) == 0 ? "disabled\n" : (flags & cxl::kLocked) != 0 ? "locked\n" : "unlocked\n");
  return {};
}

Result<void> show_dimm_frozen(const Scope& scope, Text& out) {
  out.put(is_frozen(memdev_of(scope)) ? "1\n" : "0\n");
  return {};
}

Result<void> store_dimm_security(const Scope& scope, std::string_view text) {
  constexpr std::size_t kLongestName = 32; // SEC_CMD_SIZE
  constexpr std::size_t kLongestKey = 10;  // KEY_ID_SIZE
  const std::string_view name = next_word(text, kLongestName);
  const auto* const command = std::ranges::find(kCommands, name, &Command::name);
  if (command == std::end(kCommands)) {
    return fail(EINVAL);
  }
  std::array<std::uint32_t, 2> keys{};
  for (std::size_t at = 0; at < command->keys; ++at) {
    const auto key = parse_unsigned(next_word(text, kLongestKey), 0);
    if (!key || *key > ~std::uint32_t{0}) {
      return fail(key ? ERANGE : key.error().value);
    }
    keys[at] = static_cast<std::uint32_t>(*key);
  }
  return changing_cxl(scope, [&]() -> Result<void> {
    CxlMemdevRecord& memdev = memdev_of(scope);
    if (command->of_idle && nd::is_busy(*scope.store, dimm_in(scope))) {
      return fail(EBUSY);
    }
    if (!command->when_frozen && is_frozen(memdev)) {
      return fail(EIO);
    }
    if (command->of_master && (memdev.security & cxl::kMasterPassphrase) == 0) {
      return fail(EOPNOTSUPP);
    }
    Given given;
    for (std::size_t at = 0; at < command->keys; ++at) {
      const auto passphrase = passphrase_of(keys[at], at == 0);
      if (!passphrase) {
        return tl::unexpected(passphrase.error());
      }
      given.passphrases[at] = *passphrase;
    }
    return command->ask(scope, memdev, given);
  });
}

void unlock_dimm(const store::Store& store, store::CxlMemdevRecord& memdev) {
  if ((memdev.security & cxl::kUserPassphrase) == 0) {
    return;
  }
  NameText description;
  description.put("nvdimm:").number(memdev.serial).put(std::string_view("\0", 1));
  const auto key = find_encrypted_key(description.view().data());
  const auto found = key ? hash_of_key(*key) : Result<KeyHash>(tl::unexpected(key.error()));
  const Passphrase passphrase = found ? *found : Passphrase{};
  (void)((memdev.security & cxl::kLocked) != 0
             ? cxl::unlock(store, memdev, passphrase)
             : cxl::set_passphrase(store, memdev, Whose::user, passphrase, passphrase));
}

} // namespace daxemu::sysfs
