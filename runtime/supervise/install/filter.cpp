#include "runtime/supervise/install/filter.hpp"

#include <algorithm>
#include <cstddef>
#include <span>

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "emu/base/kernel/sys.hpp"
#include "runtime/supervise/answers/shapes.hpp"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

namespace daxemu::supervise {
namespace {

constexpr std::uint32_t kX32 = 0x40000000; // __X32_SYSCALL_BIT
constexpr std::uint32_t kStandardStreams = 2;

constexpr sock_filter statement(unsigned code, std::uint32_t operand) {
  return {static_cast<std::uint16_t>(code), 0, 0, operand};
}
constexpr sock_filter jump(unsigned code, std::uint32_t operand, std::uint8_t if_true, std::uint8_t if_false) {
  return {static_cast<std::uint16_t>(BPF_JMP | BPF_K | code), if_true, if_false, operand};
}
constexpr sock_filter load(std::size_t offset) {
  return statement(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}
constexpr std::size_t lower_half(unsigned argument) {
  return offsetof(seccomp_data, args) + argument * sizeof(std::uint64_t);
}
constexpr std::size_t upper_half(unsigned argument) {
  return lower_half(argument) + sizeof(std::uint32_t);
}
constexpr sock_filter kPass = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
constexpr sock_filter kTell = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_USER_NOTIF};

using Code = std::vector<sock_filter>;

void append(Code& code, std::initializer_list<sock_filter> more) {
  code.insert(code.end(), more);
}

// Tells if the number in `argument` is a standard stream's or from `first` on; else goes on with what follows.
void tell_number(Code& code, unsigned argument, Numbers numbers) {
  append(code, {load(lower_half(argument)), jump(BPF_JGT, kStandardStreams, 1, 0), kTell,
                jump(BPF_JGE, numbers.first, 0, 2), jump(BPF_JGT, 0x7fffffff, 1, 0), kTell});
}

// Passes if the flags in `argument` say that the path is empty, and argument 0 is no number of ours; tells if not.
void pass_empty(Code& code, unsigned argument, Numbers numbers) {
  append(code, {load(lower_half(argument)), jump(BPF_JSET, AT_EMPTY_PATH, 1, 0), kTell});
  tell_number(code, 0, numbers);
  append(code, {jump(BPF_JGT, 0x7fffffff, 0, 1), kTell}); // AT_FDCWD
}

constexpr std::uint8_t kArenaSize = 4; // instructions
void tell_arena(Code& code, unsigned argument) {
  append(code, {load(upper_half(argument)), jump(BPF_JGE, kArenaStart >> 32U, 0, 2),
                jump(BPF_JGE, kArenaEnd >> 32U, 1, 0), kTell});
}

void tell_place(Code& code, unsigned argument) {
  append(code, {load(upper_half(argument)), jump(BPF_JEQ, 0, 3, 0), jump(BPF_JGE, kMmapArea >> 32U, 5, 0),
                jump(BPF_JGE, kArenaStart >> 32U, 0, 5), jump(BPF_JGE, kArenaEnd >> 32U, 4, 3),
                load(lower_half(argument)), jump(BPF_JGE, kLowStart, 0, 2), jump(BPF_JGE, kLowEnd, 1, 0), kTell});
}

void pass_own(Code& code, std::size_t offset) {
  append(code, {load(offset), jump(BPF_JEQ, kOwnCall, 0, 1), kPass});
}

Code block_of(Told told, Numbers numbers) {
  Code code;
  switch (told) {
  case Told::always:
    pass_own(code, lower_half(5));
    code.push_back(kTell);
    return code;
  case Told::empty_third:
  case Told::empty_fourth:
    pass_own(code, lower_half(5));
    pass_empty(code, told == Told::empty_third ? 2 : 3, numbers);
    break;
  case Told::descriptor:
    tell_number(code, 0, numbers);
    break;
  case Told::request:
    pass_own(code, lower_half(5));
    append(code, {load(lower_half(1)), jump(BPF_JEQ, static_cast<std::uint32_t>(UFFDIO_REGISTER), 1, 0),
                  jump(BPF_JEQ, static_cast<std::uint32_t>(UFFDIO_UNREGISTER), 0, 1), kTell});
    tell_number(code, 0, numbers);
    break;
  case Told::mapping: {
    pass_own(code, upper_half(4));
    append(code, {load(lower_half(3)), jump(BPF_JSET, MAP_FIXED, 0, kArenaSize)});
    tell_arena(code, 0); // elsewhere it is what the loader of libraries does all the time
    Code number;
    tell_number(number, 4, numbers);
    append(code,
           {load(lower_half(3)), jump(BPF_JSET, MAP_ANONYMOUS, static_cast<std::uint8_t>(number.size() + 2), 0),
            jump(BPF_JSET, MAP_SHARED, 0, 1), kTell}); // few are shared, and a descriptor may have come by a socket
    code.insert(code.end(), number.begin(), number.end());
    break;
  }
  case Told::pair:
    tell_number(code, 0, numbers);
    tell_number(code, 2, numbers);
    break;
  case Told::range:
    pass_own(code, lower_half(5));
    tell_place(code, 0);
    break;
  case Told::moving:
    pass_own(code, lower_half(5));
    tell_place(code, 0);
    tell_place(code, 4);
    break;
  }
  code.push_back(kPass);
  return code;
}

struct Number {
  std::uint32_t number;
  Told told;
};

// Looks for the number in the accumulator among `sorted` by halves. What is found goes to the block of its kind.
void search(Code& code, std::span<const Number> sorted, Numbers numbers) {
  if (sorted.size() == 1) {
    const Code block = block_of(sorted[0].told, numbers);
    append(code, {jump(BPF_JEQ, sorted[0].number, 1, 0), kPass});
    code.insert(code.end(), block.begin(), block.end());
    return;
  }
  const std::size_t half = sorted.size() / 2;
  Code below;
  search(below, sorted.first(half), numbers);
  append(code, {jump(BPF_JGE, sorted[half].number, 0, 1),
                statement(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(below.size()))});
  code.insert(code.end(), below.begin(), below.end());
  search(code, sorted.subspan(half), numbers);
}

} // namespace

std::vector<sock_filter> filter_program(Numbers numbers) {
  std::vector<Number> sorted;
  for (const Shape& shape : shapes()) {
    sorted.push_back({static_cast<std::uint32_t>(shape.number), shape.told});
  }
  std::sort(sorted.begin(), sorted.end(), [](const Number& a, const Number& b) { return a.number < b.number; });
  Code code;
  append(code, {load(offsetof(seccomp_data, arch)), jump(BPF_JEQ, AUDIT_ARCH_X86_64, 1, 0), kPass,
                load(offsetof(seccomp_data, nr)), jump(BPF_JGE, kX32, 0, 1), kPass});
  search(code, sorted, numbers);
  return code;
}

Result<UniqueFd> install_filter(Numbers numbers) {
  Code code = filter_program(numbers);
  sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  const auto install = [&](unsigned long flags) {
    return sys::call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, static_cast<long>(flags), reinterpret_cast<long>(&program));
  };
  auto listener = install(SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
  if (!listener && listener.error() == Errno{EINVAL}) { // before 5.19
    listener = install(SECCOMP_FILTER_FLAG_NEW_LISTENER);
  }
  if (!listener) {
    return tl::unexpected(listener.error());
  }
  return UniqueFd(static_cast<int>(*listener));
}

} // namespace daxemu::supervise
