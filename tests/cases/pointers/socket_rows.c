/* Messages, addresses, options. */
#include "pointers.h"
#include <linux/netlink.h>
static int pair(int which) {
  int ends[2];
  socketpair(AF_UNIX, SOCK_DGRAM, 0, ends);
  send(ends[1], "abcd", 4, MSG_DONTWAIT);
  return ends[which];
}
void socket_rows(void) {
  struct iovec v = {"abcd", 4};
  char into[16];
  struct iovec w = {into, 16};
  socklen_t length = 16;
  BAD("send.buf", send(pair(0), p, 64, MSG_DONTWAIT));
  BAD("sendto.address", sendto(pair(0), "a", 1, MSG_DONTWAIT, p, 16));
  BAD("recv.buf", recv(pair(0), p, 64, MSG_DONTWAIT));
  BAD("recvfrom.address", recvfrom(pair(0), into, 16, MSG_DONTWAIT, p, &length));
  BAD("recvfrom.length", recvfrom(pair(0), into, 16, MSG_DONTWAIT, (void*)into, p));
  BAD("sendmsg.message", sendmsg(pair(0), p, MSG_DONTWAIT));
  BAD("sendmsg.pieces", ({
        struct msghdr m = {.msg_iov = p, .msg_iovlen = 1};
        sendmsg(pair(0), &m, MSG_DONTWAIT);
      }));
  BAD("sendmsg.control", ({
        struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = p, .msg_controllen = 64};
        sendmsg(pair(0), &m, MSG_DONTWAIT);
      }));
  BAD("sendmsg.name", ({
        struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_name = p, .msg_namelen = 16};
        sendmsg(pair(0), &m, MSG_DONTWAIT);
      }));
  BAD("sendmmsg.messages", sendmmsg(pair(0), p, 1, MSG_DONTWAIT));
  BAD("recvmsg.message", recvmsg(pair(0), p, MSG_DONTWAIT));
  BAD("recvmsg.pieces", ({
        struct msghdr m = {.msg_iov = p, .msg_iovlen = 1};
        recvmsg(pair(0), &m, MSG_DONTWAIT);
      }));
  BAD("recvmsg.control", ({
        struct msghdr m = {.msg_iov = &w, .msg_iovlen = 1, .msg_control = p, .msg_controllen = 64};
        recvmsg(pair(0), &m, MSG_DONTWAIT);
      }));
  BAD("recvmsg.name", ({
        struct msghdr m = {.msg_iov = &w, .msg_iovlen = 1, .msg_name = p, .msg_namelen = 16};
        recvmsg(pair(0), &m, MSG_DONTWAIT);
      }));
  BAD("recvmmsg.messages", recvmmsg(pair(0), p, 1, MSG_DONTWAIT, 0));
  BAD("recvmmsg.timeout", ({
        struct mmsghdr m = {.msg_hdr = {.msg_iov = &w, .msg_iovlen = 1}};
        recvmmsg(pair(0), &m, 1, MSG_DONTWAIT, p);
      }));
  BADSYS("recvmsg#.message", SYS_recvmsg, pair(0), p, MSG_DONTWAIT);
  BADSYS("sendmsg#.message", SYS_sendmsg, pair(0), p, MSG_DONTWAIT);
  BADSYS("recvfrom#.buf", SYS_recvfrom, pair(0), p, 64, MSG_DONTWAIT, 0, 0);
  BAD("bind.address", bind(socket(AF_UNIX, SOCK_DGRAM, 0), p, 16));
  BAD("connect.address", connect(socket(AF_UNIX, SOCK_DGRAM, 0), p, 16));
  BAD("setsockopt.value", setsockopt(pair(0), SOL_SOCKET, SO_PASSCRED, p, 4));
  int heard = socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT);
  BAD("uevent.bind.address", bind(heard, p, sizeof(struct sockaddr_nl)));
  BAD("uevent.setsockopt.value", setsockopt(heard, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, p, 4));
  BAD("uevent.recvmsg.message", recvmsg(heard, p, MSG_DONTWAIT));
}
