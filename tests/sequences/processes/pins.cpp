#include "tests/sequences/processes/pins.hpp"

#include <cerrno>
#include <cstdlib>
#include <vector>

#include <fcntl.h>
#include <linux/io_uring.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/conformance/ask/text.hpp"
#include "tests/sequences/memory/memory.hpp"

namespace sequences::pins {
namespace {

using conformance::last_error;

std::string pipe_word(Making& making) {
  return std::to_string(making.random.below(kPipes));
}
std::string place(Making& making) {
  static const Weighted within[] = {{"", 8}, {"+H", 3}, {"+P", 3}, {"+1A-P", 2}, {"+100B", 2}};
  return std::to_string(making.random.below(4)) + "A" + pick(making.random, within);
}
std::string length(Making& making) {
  static const Weighted table[] = {{"P", 8}, {"2P", 5}, {"4P", 2}, {"100B", 3}, {"0", 1}, {"32P", 1}};
  return pick(making.random, table);
}

void hold(Making& making) {
  static const Weighted flags[] = {{"-", 6}, {"gift", 2}};
  making.add("hold", {pipe_word(making), place(making), length(making), pick(making.random, flags)});
}
void drain(Making& making) {
  making.add("drain", {pipe_word(making), making.random.chance(60) ? "64P" : length(making)});
}
void drain_into(Making& making) {
  making.add("drain-into", {pipe_word(making), place(making), length(making)});
}
void copy(Making& making) {
  making.add(making.random.chance(50) ? "tee" : "pass", {pipe_word(making), pipe_word(making), length(making)});
}
void let_go(Making& making) {
  making.add("let-go", {pipe_word(making)});
}
void in_pipe(Making& making) {
  making.add("in-pipe", {pipe_word(making)});
}
void registered(Making& making) {
  making.add("register", {place(making), length(making)});
}

std::string sum_of(const std::vector<char>& bytes) {
  unsigned sum = 1;
  for (const char byte : bytes) {
    sum = sum * 31 + static_cast<unsigned char>(byte);
  }
  return std::to_string(sum % 65521);
}

std::string moved(long count) {
  return count < 0 ? last_error() : "ok=" + std::to_string(count);
}

// Made when it is first used, and again after it was let go.
int* pipe_of(Stage& stage, const std::string& word) {
  auto& ends = stage.pipes[static_cast<std::size_t>(std::atoi(word.c_str())) % kPipes];
  if (ends[0] < 0) {
    (void)!::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC);
  }
  return ends.data();
}

// Of memory that may not be read what is present can be held: of others' memory that is for the guest's kernel and this
// machine's to say, each with huge pages of its own.
std::string play_hold(Stage& stage, const Call& call) {
  if (memory::others_unreadable(stage, stage.at(call.word(1)), stage.units.bytes(call.word(2)))) {
    return "left out";
  }
  const iovec piece = {stage.at(call.word(1)), stage.units.bytes(call.word(2))};
  return moved(::vmsplice(pipe_of(stage, call.word(0))[1], &piece, 1,
                          SPLICE_F_NONBLOCK | (call.word(3) == "gift" ? SPLICE_F_GIFT : 0)));
}

std::string play_drain(Stage& stage, const Call& call) {
  std::vector<char> bytes(stage.units.bytes(call.word(1)));
  const ssize_t got = ::read(pipe_of(stage, call.word(0))[0], bytes.data(), bytes.size());
  if (got < 0) {
    return last_error();
  }
  bytes.resize(static_cast<std::size_t>(got));
  return moved(got) + " sum=" + sum_of(bytes);
}

std::string play_drain_into(Stage& stage, const Call& call) {
  return moved(::read(pipe_of(stage, call.word(0))[0], stage.at(call.word(1)), stage.units.bytes(call.word(2))));
}

std::string play_tee(Stage& stage, const Call& call) {
  return moved(::tee(pipe_of(stage, call.word(0))[0], pipe_of(stage, call.word(1))[1], stage.units.bytes(call.word(2)),
                     SPLICE_F_NONBLOCK));
}

std::string play_pass(Stage& stage, const Call& call) {
  return moved(::splice(pipe_of(stage, call.word(0))[0], nullptr, pipe_of(stage, call.word(1))[1], nullptr,
                        stage.units.bytes(call.word(2)), SPLICE_F_NONBLOCK));
}

std::string play_let_go(Stage& stage, const Call& call) {
  int* ends = pipe_of(stage, call.word(0));
  ::close(ends[0]);
  ::close(ends[1]);
  ends[0] = ends[1] = -1;
  return "ok";
}

std::string play_in_pipe(Stage& stage, const Call& call) {
  int bytes = 0;
  return ::ioctl(pipe_of(stage, call.word(0))[0], FIONREAD, &bytes) == 0 ? std::to_string(bytes) : last_error();
}

// 6.1 registers no memory of files but shared memory and hugetlb.
// Others' memory of several files is refused by 6.1 and taken by newer kernels: left out.
std::string play_register(Stage& stage, const Call& call) {
  if (memory::several_others(stage, stage.at(call.word(0)), stage.units.bytes(call.word(1)))) {
    return "left out";
  }
  io_uring_params about = {};
  const int ring = static_cast<int>(::syscall(SYS_io_uring_setup, 2, &about));
  if (ring < 0) {
    return "ring " + last_error();
  }
  const iovec piece = {stage.at(call.word(0)), stage.units.bytes(call.word(1))};
  std::string text = moved(::syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS, &piece, 1));
  ::close(ring);
  return text;
}

} // namespace

void add_call(Making& making) {
  static const Choice table[] = {{hold, 18},  {drain, 8},   {drain_into, 5}, {copy, 6},
                                 {let_go, 4}, {in_pipe, 3}, {registered, 3}, {memory::add_call, 45}};
  if (making.calls.size() < 2) { // the device is mapped: mremap(2) of a process that has none of it is this kernel's
    memory::add_call(making);
    return;
  }
  choose(making, table);
}

void add_state(Making& making, bool all) {
  making.add("in-pipe", {"0"});
  memory::add_state(making, all);
  if (all) {
    for (const char* pipe : {"0", "1", "2"}) {
      making.add("drain", {pipe, "64P"});
    }
  }
}

std::optional<std::string> play(Stage& stage, const Call& call) {
  static const struct {
    const char* name;
    std::string (*play)(Stage&, const Call&);
  } table[] = {{"hold", play_hold},       {"drain", play_drain},      {"drain-into", play_drain_into},
               {"tee", play_tee},         {"pass", play_pass},        {"let-go", play_let_go},
               {"in-pipe", play_in_pipe}, {"register", play_register}};
  for (const auto& one : table) {
    if (call.name == one.name) {
      return one.play(stage, call);
    }
  }
  return std::nullopt;
}

} // namespace sequences::pins
