// Memory that the kernel touches for a system call.
#include "tests/sequences/memory/memory.hpp"

#include <cerrno>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/conformance/ask/text.hpp"

namespace sequences::memory {
namespace {

using conformance::last_error;

// A sum that tells which bytes came, in which order.
std::string sum_of(const std::vector<char>& bytes) {
  unsigned sum = 1;
  for (const char byte : bytes) {
    sum = sum * 31 + static_cast<unsigned char>(byte);
  }
  return std::to_string(sum % 65521);
}

std::string moved(ssize_t count) {
  return count < 0 ? last_error() : "ok=" + std::to_string(count);
}

std::string read_into(Stage& stage, char* at, std::uint64_t length) {
  // Another stretch of the pattern each time: what was read can be told from what was there.
  const auto from = static_cast<off_t>(kPage * (stage.written++ % 8));
  return moved(::pread(stage.source, at, length, from));
}

std::string write_from(Stage& stage, const char* at, std::uint64_t length) {
  const ssize_t put = ::pwrite(stage.sink, at, length, 0);
  if (put < 0) {
    return last_error();
  }
  std::vector<char> bytes(static_cast<std::size_t>(put));
  (void)!::pread(stage.sink, bytes.data(), bytes.size(), 0);
  return "ok=" + std::to_string(put) + " sum=" + sum_of(bytes);
}

std::string vm_read(char* at, std::uint64_t length) {
  std::vector<char> bytes(length);
  iovec into = {bytes.data(), length};
  iovec from = {at, length};
  const ssize_t got = ::process_vm_readv(::getpid(), &into, 1, &from, 1, 0);
  if (got < 0) {
    return last_error();
  }
  bytes.resize(static_cast<std::size_t>(got));
  return "ok=" + std::to_string(got) + " sum=" + sum_of(bytes);
}

std::string vm_write(Stage& stage, char* at, std::uint64_t length) {
  std::vector<char> bytes(length, static_cast<char>(1 + stage.written++ % 250));
  iovec from = {bytes.data(), length};
  iovec into = {at, length};
  return moved(::process_vm_writev(::getpid(), &from, 1, &into, 1, 0));
}

std::string splice(char* at, std::uint64_t length) {
  int ends[2];
  if (::pipe(ends) != 0) {
    return last_error();
  }
  iovec from = {at, length};
  const ssize_t put = ::vmsplice(ends[1], &from, 1, SPLICE_F_NONBLOCK);
  std::string text = moved(put);
  if (put > 0) {
    std::vector<char> bytes(static_cast<std::size_t>(put));
    (void)!::read(ends[0], bytes.data(), bytes.size());
    text += " sum=" + sum_of(bytes);
  }
  ::close(ends[0]);
  ::close(ends[1]);
  return text;
}

std::string futex(char* at) {
  const long woken = ::syscall(SYS_futex, at, FUTEX_WAKE, 1, nullptr, nullptr, 0);
  return woken < 0 ? last_error() : "ok=" + std::to_string(woken);
}

} // namespace

std::optional<std::string> play_kernel_touch(Stage& stage, const Call& call) {
  char* at = stage.at(call.word(0));
  const std::uint64_t length = stage.units.bytes(call.word(1));
  if (call.name == "read") {
    return read_into(stage, at, length);
  }
  if (call.name == "write") {
    return write_from(stage, at, length);
  }
  if (call.name == "vm-read") {
    return vm_read(at, length);
  }
  if (call.name == "vm-write") {
    return vm_write(stage, at, length);
  }
  if (call.name == "vmsplice") {
    return splice(at, length);
  }
  if (call.name == "futex") {
    return futex(at);
  }
  return std::nullopt;
}

} // namespace sequences::memory
