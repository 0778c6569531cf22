// A descriptor that goes along with a message of a UNIX socket (SCM_RIGHTS).
#pragma once

#include <array>
#include <cstring>

#include <sys/socket.h>

#include "emu/base/kernel/unique_fd.hpp"

namespace daxemu {

// Room for one, which lives as long as the message is used.
class PassedFd {
public:
  // Has `message` take `fd` along.
  void send_with(msghdr& message, int fd) {
    make_room(message);
    cmsghdr* part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(part), &fd, sizeof fd);
  }
  // Before recvmsg(2).
  void make_room(msghdr& message) {
    message.msg_control = room_.data();
    message.msg_controllen = room_.size();
  }
  // What came with a message that was received; none if nothing did.
  [[nodiscard]] static UniqueFd of(msghdr& message) {
    UniqueFd fd;
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
      if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_RIGHTS && part->cmsg_len == CMSG_LEN(sizeof(int))) {
        int number = -1;
        std::memcpy(&number, CMSG_DATA(part), sizeof number);
        fd.reset(number);
      }
    }
    return fd;
  }

private:
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> room_{};
};

} // namespace daxemu
