#include "emu/sysfs/uevents/uevent.hpp"

#include <array>
#include <cstring>

#include <endian.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/program/later_relocations.hpp"
#include "emu/sysfs/schema/text.hpp"

namespace daxemu::sysfs {
namespace {

constexpr std::size_t kMostBytes = 2048 + 512; // UEVENT_BUFFER_SIZE and the words around it
using Message = TextBuffer<kMostBytes>;

void put_word(Text& out, std::string_view key, std::string_view value) {
  out.put(key).put("=").put(value).put(std::string_view("\0", 1));
}

// Calls for each piece of `text` between separators.
template <class Each>
void split(std::string_view text, char separator, Each&& each) {
  while (!text.empty()) {
    const std::size_t end = text.find(separator);
    if (end != 0) {
      each(text.substr(0, end));
    }
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
}

// What a write of "ACTION UUID KEY=VALUE ..." adds (kobject_action_args); without more than an action SYNTH_UUID=0.
void put_asked(const Uevent& event, Text& out) {
  if (!event.synthetic) {
    return;
  }
  bool first = true;
  split(event.asked, ' ', [&](std::string_view word) {
    out.put(first ? "SYNTH_UUID=" : "SYNTH_ARG_").put(word).put(std::string_view("\0", 1));
    first = false;
  });
  if (first) {
    put_word(out, "SYNTH_UUID", "0");
  }
}

// Of an event that the bus itself causes: an object has its driver only when it is being bound. zap_modalias_env():
// none of what unbinds says how to load a driver.
bool is_said(const Uevent& event, std::string_view variable) {
  if (variable.starts_with("DRIVER=")) {
    return event.synthetic || event.action == "bind";
  }
  return !variable.starts_with("MODALIAS=") || event.action != "unbind";
}

// Words of both forms; udev gives the node's name with its directory.
void put_words(const Uevent& event, std::uint64_t number, bool of_udev, Text& out) {
  put_word(out, "ACTION", event.action);
  put_word(out, "DEVPATH", event.path.substr(std::string_view("/sys").size()));
  put_word(out, "SUBSYSTEM", event.subsystem);
  put_asked(event, out);
  split(event.variables, '\n', [&](std::string_view variable) {
    if (!is_said(event, variable)) {
      return;
    }
    constexpr std::string_view kNode = "DEVNAME=";
    if (of_udev && variable.starts_with(kNode)) {
      out.put("DEVNAME=/dev/");
      variable.remove_prefix(kNode.size());
    }
    out.put(variable).put(std::string_view("\0", 1));
  });
  out.put("SEQNUM=").number(number).put(std::string_view("\0", 1));
}

// MurmurHash2 with seed 0, by which libudev's socket filters know a subsystem.
std::uint32_t murmur(std::string_view text) {
  constexpr std::uint32_t kFactor = 0x5bd1e995;
  auto hash = static_cast<std::uint32_t>(text.size());
  while (text.size() >= sizeof(std::uint32_t)) {
    std::uint32_t part = 0;
    std::memcpy(&part, text.data(), sizeof part);
    part *= kFactor;
    part ^= part >> 24U;
    hash = (hash * kFactor) ^ (part * kFactor);
    text.remove_prefix(sizeof part);
  }
  for (std::size_t at = text.size(); at > 0; --at) {
    hash ^= static_cast<std::uint32_t>(static_cast<unsigned char>(text[at - 1])) << (8 * (at - 1));
  }
  if (!text.empty()) {
    hash *= kFactor;
  }
  hash ^= hash >> 13U;
  hash *= kFactor;
  return hash ^ hash >> 15U;
}

// What precedes the words in a message of udev's (libudev's monitor reads it).
struct UdevHeader {
  std::array<char, 8> prefix{'l', 'i', 'b', 'u', 'd', 'e', 'v', '\0'};
  std::uint32_t magic = htobe32(0xfeedcafe);
  std::uint32_t header_size = sizeof(UdevHeader);
  std::uint32_t words_offset = sizeof(UdevHeader);
  std::uint32_t words_size = 0;
  std::uint32_t subsystem_hash = 0;
  std::uint32_t type_hash = 0;
  std::uint32_t tags_high = 0;
  std::uint32_t tags_low = 0;
};
static_assert(sizeof(UdevHeader) == 40);

void compose(const Uevent& event, std::uint64_t number, std::uint32_t group, Text& out) {
  if (group == store::kUeventsOfKernel) {
    out.put(event.action).put("@").put(event.path.substr(std::string_view("/sys").size()));
    out.put(std::string_view("\0", 1));
    put_words(event, number, false, out);
    return;
  }
  Message words;
  put_words(event, number, true, words);
  UdevHeader header;
  header.words_size = static_cast<std::uint32_t>(words.size());
  header.subsystem_hash = htobe32(murmur(event.subsystem));
  split(event.variables, '\n', [&](std::string_view variable) {
    if (constexpr std::string_view kType = "DEVTYPE="; variable.starts_with(kType)) {
      header.type_hash = htobe32(murmur(variable.substr(kType.size())));
    }
  });
  char bytes[sizeof header];
  std::memcpy(bytes, &header, sizeof header);
  out.put({bytes, sizeof bytes}).put(words.view());
}

// A socket to send from. It gets a port of its own, which may be one that a listener had before it was closed.
struct Sender {
  UniqueFd fd;
  std::uint32_t port = 0;
};

Result<Sender> open_sender() {
  const auto raw = sys::call(SYS_socket, AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_USERSOCK);
  if (!raw) {
    return tl::unexpected(raw.error());
  }
  Sender sender{UniqueFd(static_cast<int>(*raw))};
  sockaddr_nl mine = {.nl_family = AF_NETLINK, .nl_pad = 0, .nl_pid = 0, .nl_groups = 0};
  socklen_t size = sizeof mine;
  const auto bound = sys::call(SYS_bind, sender.fd.get(), reinterpret_cast<long>(&mine), size);
  const auto named =
      sys::call(SYS_getsockname, sender.fd.get(), reinterpret_cast<long>(&mine), reinterpret_cast<long>(&size));
  if (!bound || !named) {
    return tl::unexpected((bound ? named : bound).error());
  }
  sender.port = mine.nl_pid;
  return sender;
}

void send(store::Platform& platform, std::uint32_t group, const Sender& sender, std::string_view message) {
  for (store::UeventListener& listener : platform.uevent_listeners) {
    std::uint32_t port = listener.port.load(std::memory_order_acquire);
    if (port == 0 || (listener.groups.load(std::memory_order_acquire) & group) == 0) {
      continue;
    }
    if (port == sender.port) {
      listener.port.compare_exchange_strong(port, 0); // whose it was has closed it
      continue;
    }
    const sockaddr_nl to = {.nl_family = AF_NETLINK, .nl_pad = 0, .nl_pid = port, .nl_groups = 0};
    const auto sent =
        sys::call(SYS_sendto, sender.fd.get(), reinterpret_cast<long>(message.data()),
                  static_cast<long>(message.size()), MSG_DONTWAIT, reinterpret_cast<long>(&to), sizeof to);
    if (!sent && sent.error() == Errno{ECONNREFUSED}) {
      listener.port.compare_exchange_strong(port, 0); // that socket is closed
    }
  }
}

} // namespace

void announce(const store::Store& store, const Uevent& event) {
  tables_ready();
  store::Platform& platform = store.platform();
  if (event.subsystem.empty()) {
    return;
  }
  const std::uint64_t number = platform.uevent_number.fetch_add(1) + 1;
  if (platform.uevent_listened.load(std::memory_order_acquire) == 0) {
    return;
  }
  const auto sender = open_sender();
  if (!sender) {
    return;
  }
  for (const std::uint32_t group : {store::kUeventsOfKernel, store::kUeventsOfUdev}) {
    Message message;
    compose(event, number, group, message);
    send(platform, group, *sender, message.view());
  }
}

Result<void> listen(const store::Store& store, std::uint32_t port, std::uint32_t groups) {
  tables_ready();
  store::Platform& platform = store.platform();
  store::UeventListener* free = nullptr;
  for (store::UeventListener& listener : platform.uevent_listeners) {
    if (listener.port.load() == port) {
      listener.groups.store(groups, std::memory_order_release);
      return {};
    }
  }
  for (store::UeventListener& listener : platform.uevent_listeners) {
    std::uint32_t nobody = 0;
    if (listener.port.compare_exchange_strong(nobody, port)) {
      free = &listener;
      break;
    }
  }
  if (free == nullptr) {
    return fail(ENOMEM);
  }
  free->groups.store(groups, std::memory_order_release);
  platform.uevent_listened.store(1, std::memory_order_release);
  return {};
}

std::uint32_t listens_to(const store::Store& store, std::uint32_t port) {
  tables_ready();
  for (const store::UeventListener& listener : store.platform().uevent_listeners) {
    if (port != 0 && listener.port.load(std::memory_order_acquire) == port) {
      return listener.groups.load(std::memory_order_acquire);
    }
  }
  return 0;
}

} // namespace daxemu::sysfs
