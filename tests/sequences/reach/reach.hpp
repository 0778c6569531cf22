// The reach family: the ways to memory that programs use beside loads, stores and read(2). Somebody else's look
// (/proc/self/mem, ptrace, a parent's process_vm_readv), requests that the kernel performs later (libaio's, io_uring),
// pointers that any call takes, what is said of a whole process (mlockall, huge pages off, READ_IMPLIES_EXEC), and what
// /proc tells of a mapping.
#pragma once

#include <optional>
#include <string>

#include "tests/sequences/family.hpp"

namespace sequences::reach {

void add_call(Making& making);
void add_state(Making& making, bool all);

std::optional<std::string> play(Stage& stage, const Call& call);
// By another process or through a file of /proc: mem-read, mem-write, peek, poke, child-read, child-write.
std::optional<std::string> play_from_outside(Stage& stage, const Call& call);
// Requests of several pieces, of libaio and io_uring, and calls that take a pointer.
std::optional<std::string> play_request(Stage& stage, const Call& call);
// What is said of ranges and of the process: locks of all, policies, seals, names, System V segments.
std::optional<std::string> play_space(Stage& stage, const Call& call);
// What /proc tells: pagemap, smaps, PROCMAP_QUERY, PAGEMAP_SCAN.
std::optional<std::string> play_told(Stage& stage, const Call& call);

// "ok=COUNT" or the error.
std::string moved(long count);
std::string sum_of(const char* bytes, std::size_t count);

} // namespace sequences::reach
