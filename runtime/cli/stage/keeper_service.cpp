#include "runtime/cli/stage/keeper_service.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <fmt/format.h>

#include "emu/backing/file_source.hpp"
#include "emu/base/kernel/passed_fd.hpp"
#include "emu/store/processes/keeper.hpp"

namespace daxemu::cli {
namespace {

// What a program's open(2) of a device, or ours of its bytes, may ask for; nothing that changes the file or the system.
constexpr int kPassedOn =
    O_ACCMODE | O_CLOEXEC | O_PATH | O_APPEND | O_NONBLOCK | O_SYNC | O_DSYNC | O_NOATIME | O_LARGEFILE | O_ASYNC;

std::string random_digits(std::size_t count) {
  std::array<unsigned char, store::kSecretDigits / 2> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return {};
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text.substr(0, count);
}

// Whichever digit is wrong, it takes as long.
bool is_secret(std::string_view given, std::string_view secret) {
  unsigned differs = given.size() != secret.size() ? 1U : 0U;
  for (std::size_t at = 0; at < std::min(given.size(), secret.size()); ++at) {
    differs |= static_cast<unsigned>(given[at] ^ secret[at]);
  }
  return differs == 0;
}

std::string_view folder_of(std::string_view path) {
  return path.substr(0, path.rfind('/'));
}

} // namespace

std::unique_ptr<KeeperService> KeeperService::start(const store::Store& store, const std::string& location) {
  std::unique_ptr<KeeperService> service(new KeeperService);
  service->built_here_ = location.starts_with("/proc/");
  const std::string prefix = fmt::format("daxemu-{}-{}-", ::geteuid(), store.platform().name.view());
  const std::vector<std::string> mounts = backing::hugetlbfs_mounts();
  const auto is_trusted = [&](std::string_view file) {
    const std::string_view folder = folder_of(file);
    return service->built_here_ || folder == folder_of(location) ||
           (file.substr(folder.size() + 1).starts_with(prefix) &&
            std::find(mounts.begin(), mounts.end(), folder) != mounts.end());
  };
  const auto add = [&](std::string_view file) {
    if (file.starts_with('/') && is_trusted(file)) {
      service->files_.emplace(file);
    }
  };
  service->files_.insert(location);
  add(store.platform().share_file.view());
  for (const store::DeviceRecord& device : store.devices()) {
    add(device.node.location.view());
    add(device.backing.location.view());
    add(device.folios_location.view());
  }
  for (const store::BackingSlot& slot : store.backing_slots()) {
    add(slot.backing.location.view());
    add(slot.folios_location.view());
  }
  for (const store::NodeSlot& slot : store.node_slots()) {
    add(slot.node.location.view());
  }
  const std::string name = "daxemu-" + random_digits(store::kSecretDigits);
  service->secret_ = random_digits(store::kSecretDigits);
  service->variable_ = name + ":" + service->secret_;
  service->socket_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  service->stop_.reset(::eventfd(0, EFD_CLOEXEC));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (service->secret_.empty() || !service->socket_ || !service->stop_ ||
      ::bind(service->socket_.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) {
    return nullptr;
  }
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before); // inherited by the thread
  try {
    service->thread_ = std::thread([one = service.get()] { one->serve(); });
  } catch (const std::system_error&) {
    service.reset();
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return service;
}

KeeperService::~KeeperService() {
  if (thread_.joinable()) {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t told = ::write(stop_.get(), &one, sizeof one);
    thread_.join();
  }
}

void KeeperService::serve() {
  std::array<pollfd, 2> waits{pollfd{socket_.get(), POLLIN, 0}, pollfd{stop_.get(), POLLIN, 0}};
  while (true) {
    if (::poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) {
      return;
    }
    if (waits[1].revents != 0) {
      return;
    }
    answer_one();
  }
}

// Whoever does not know the secret gets no answer, not even that it is wrong.
void KeeperService::answer_one() {
  store::KeeperRequest request;
  sockaddr_un client{};
  socklen_t size = sizeof client;
  const ssize_t length =
      ::recvfrom(socket_.get(), &request, sizeof request, MSG_TRUNC, reinterpret_cast<sockaddr*>(&client), &size);
  if (length != static_cast<ssize_t>(sizeof request) || request.magic != store::kKeeperMagic ||
      !is_secret({request.secret.data(), request.secret.size()}, secret_)) {
    return;
  }
  const std::string location(request.location.view());
  store::KeeperAnswer answer;
  UniqueFd file;
  if ((request.flags & ~kPassedOn) != 0 || files_.count(location) == 0) {
    answer.error = EACCES;
  } else if (auto opened = sys::open(location.c_str(), request.flags | O_CLOEXEC | (built_here_ ? 0 : O_NOFOLLOW))) {
    file.reset(*opened);
  } else {
    answer.error = opened.error().value;
  }
  iovec piece{&answer, sizeof answer};
  PassedFd passed;
  msghdr message{};
  message.msg_name = &client;
  message.msg_namelen = size;
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  if (file) {
    passed.send_with(message, file.get());
  }
  (void)::sendmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL); // who does not listen has not asked
}

} // namespace daxemu::cli
