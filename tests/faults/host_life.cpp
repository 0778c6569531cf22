// host_life CASE: exits with 0 if the case holds.
#include "tests/faults/host_life.hpp"

#include <cerrno>

#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

namespace host_life {
namespace {

void add_plain_cases(Cases& cases) {
  cases["touch"] = [] {
    volatile char* at = map_device();
    for (std::size_t extent = 0; extent < kDevice / kExtent; ++extent) {
      touch(at, extent);
    }
  };
  cases["kernel_touch"] = [] {
    volatile char* at = map_device();
    const int zero = ::open("/dev/zero", O_RDONLY);
    REQUIRE(::read(zero, const_cast<char*>(at) + kExtent, 4096) == 4096);
    REQUIRE(::read(zero, const_cast<char*>(at) + kDevice, 4096) == -1); // beyond the end: EFAULT
  };
  // Each into or out of an extent that nobody has touched.
  cases["kernel_touch_by_many_calls"] = [] {
    char* at = const_cast<char*>(map_device());
    std::size_t next = 0;
    const auto fresh = [&] { return at + (next += 2) * kExtent - 100; }; // over an extent's end
    const int zero = ::open("/dev/zero", O_RDONLY);
    const int null = ::open("/dev/null", O_WRONLY);
    int pair[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    REQUIRE(::pread(zero, fresh(), 200, 0) == 200);
    iovec pieces[2] = {{fresh(), 200}, {fresh(), 200}};
    REQUIRE(::readv(zero, pieces, 2) == 400);
    REQUIRE(::write(pair[0], fresh(), 200) == 200);
    REQUIRE(::recv(pair[1], fresh(), 200, MSG_WAITALL) == 200);
    iovec piece = {fresh(), 200};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    REQUIRE(::sendmsg(pair[0], &message, 0) == 200);
    piece.iov_base = fresh();
    REQUIRE(::recvmsg(pair[1], &message, MSG_WAITALL) == 200);
    FILE* stream = ::fdopen(zero, "r");
    REQUIRE(::fread(fresh(), 1, kExtent, stream) == kExtent);
    FILE* sink = ::fdopen(null, "w");
    REQUIRE(::fwrite(fresh(), 1, kExtent, sink) == kExtent && ::fflush(sink) == 0);
    REQUIRE(::getrandom(fresh(), 200, 0) == 200);
    REQUIRE(::syscall(SYS_read, zero, at + kDevice, 10) == -1 && errno == EFAULT); // beyond the end, as ever
  };
}

} // namespace
} // namespace host_life

int main(int argc, char** argv) {
  host_life::Cases cases;
  host_life::add_plain_cases(cases);
  host_life::add_signal_cases(cases);
  host_life::add_process_cases(cases);
  host_life::add_limit_cases(cases);
  host_life::add_memory_cases(cases);
  host_life::add_end_cases(cases);
  const auto found = cases.find(argc > 1 ? argv[1] : "");
  if (found == cases.end()) {
    for (const auto& [name, body] : cases) {
      std::puts(name.c_str());
    }
    return 2;
  }
  found->second();
  return 0;
}
