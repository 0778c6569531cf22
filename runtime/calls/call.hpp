// The one table of calls: every entry of the kernel, and every function of the C library that can take a path, a
// descriptor or a range of memory, with who answers it. The rows are in the .def files, by kind:
//
//   DAXEMU_CALL(name, number, names, answer, entries, by)      a system call and the functions that stand for it
//   DAXEMU_ENTRY(name, names, answer, entries, by)             functions that have no system call of their own
//   DAXEMU_BUFFER(name, number, entries)                       the kernel reads or fills memory, and no more
//   DAXEMU_PLAIN(name, number, entries)                        nothing of the above
//   DAXEMU_OPERATION(name, opcode, names, answer, how, call, by)  an operation of io_uring, as in `call`
//   DAXEMU_OUTSIDE(name, told, by, arguments)                the row above, for programs answered from outside: when
//   the
//                                                            kernel is to tell of it, who answers, letters of arguments
//                                                            (runtime/supervise/answers/shapes.hpp)
//   DAXEMU_INSIDE(reason, names)                             handled by the library only
//   DAXEMU_FAMILY(reason, patterns)                            functions that take none of these
//
// A row says one thing of all its entries: where two differ, they are two rows. `by` is the room and file of
// runtime/preload for what is handled, else the reason.
#pragma once

#include <cstdint>
#include <string_view>

namespace daxemu::calls {

// What the arguments name, as a sum.
enum Names : std::uint16_t {
  nothing = 0,
  path = 1,
  dirfd = 2,      // what a path starts from
  descriptor = 4, // of an open file
  buffer = 8,     // memory that the kernel reads or fills: may be a device's
  range = 16,     // of mapped memory itself
  lock = 32,      // of a file or of memory
  signal = 64,    // SIGBUS may be among them
  process = 128,  // another one's memory
};
[[nodiscard]] constexpr Names operator|(Names a, Names b) {
  return static_cast<Names>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}

enum class Answer : std::uint8_t {
  handled,  // by this library
  harmless, // the kernel's answer is a device's too, or nothing of a device is named
  gap,      // the kernel answers otherwise than it would for a device
};

inline constexpr int kNoNumber = -1;

struct Call {
  std::string_view name;
  int number; // of asm/unistd_64.h, or kNoNumber
  Names names;
  Answer answer;
  std::string_view entries; // functions of libraries, with blanks between them
  std::string_view by;
};

struct Operation {
  std::string_view name; // without IORING_OP_
  int opcode;
  Names names;
  Answer answer;
  std::string_view call; // the one it is like; "": none
  std::string_view by;
};

struct Inside {
  std::string_view reason;
  std::string_view names; // of calls, with blanks between them
};

struct Family {
  std::string_view reason;
  std::string_view patterns; // whole names, or beginnings with * behind them; blanks between them
};

} // namespace daxemu::calls
