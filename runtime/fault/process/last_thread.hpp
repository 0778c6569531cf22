// The end of a process whose own threads have all ended one by one, by exit(2) and not by exit_group(2), as programs do
// that make system calls by themselves, and everybody under seccomp's strict mode: threads of ours must not keep it,
// all the less as they block every signal.
#pragma once

#include <cstdint>

namespace daxemu::fault {

// The word that the kernel clears, and wakes one who waits for it, when the thread group's leader ends
// (PR_GET_TID_ADDRESS); it holds the leader's number. To be asked by the leader, who is given one if it has none;
// nullptr for other threads, where the kernel does not tell, and in valgrind, which knows no futex_waitv(2): then
// nobody notices.
[[nodiscard]] const std::uint32_t* word_of_leader();

// Has it ended? Then who else waits for it is woken, as the kernel wakes one only, which may have been one of ours.
[[nodiscard]] bool has_ended(const std::uint32_t* leader);

// No thread of the program is left but the leader, who has ended.
[[nodiscard]] bool only_ours_left();

// Ends the process as its leader has ended.
[[noreturn]] void end_as_leader();

} // namespace daxemu::fault
