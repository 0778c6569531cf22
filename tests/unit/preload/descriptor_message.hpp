// A message of a Unix socket that carries one descriptor, to be sent or to be received into.
#pragma once

#include <cstring>

#include <sys/socket.h>
#include <sys/uio.h>

class DescriptorMessage {
public:
  DescriptorMessage() {
    message_.msg_iov = &piece_;
    message_.msg_iovlen = 1;
    message_.msg_control = control_;
    message_.msg_controllen = sizeof control_;
  }
  explicit DescriptorMessage(int fd) : DescriptorMessage() {
    cmsghdr* const part = CMSG_FIRSTHDR(&message_);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof fd);
    std::memcpy(CMSG_DATA(part), &fd, sizeof fd);
  }
  DescriptorMessage(const DescriptorMessage&) = delete; // it points into itself
  DescriptorMessage& operator=(const DescriptorMessage&) = delete;

  // For sendmsg(2), recvmsg(2).
  [[nodiscard]] msghdr* header() { return &message_; }
  // What was received; -1 if there was no descriptor in it.
  [[nodiscard]] int descriptor() const {
    const cmsghdr* const part = CMSG_FIRSTHDR(&message_);
    int fd = -1;
    if (part != nullptr && part->cmsg_type == SCM_RIGHTS) {
      std::memcpy(&fd, CMSG_DATA(part), sizeof fd);
    }
    return fd;
  }

private:
  char byte_ = 'x';
  iovec piece_ = {&byte_, 1};
  alignas(cmsghdr) char control_[CMSG_SPACE(sizeof(int))] = {};
  msghdr message_ = {};
};
