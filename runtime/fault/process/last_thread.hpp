// The end of a process whose own threads have all ended one by one, by exit(2) and not by exit_group(2), as programs do
// that make system calls by themselves, and everybody under seccomp's strict mode: threads of ours must not keep it,
// all the less as they block every signal.
#pragma once

#include <cstdint>
#include <ctime>

namespace daxemu::fault {

class LastThread {
public:
  // To be called by the thread group's leader, before anybody waits; for other threads, where the kernel does not tell,
  // and in valgrind, which knows no futex_waitv(2), nobody notices: word() is nullptr then.
  void begin();
  // In a forked child: what begin() has taken is the parent's.
  void abandon();

  // The word that the kernel clears, and wakes one who waits for it, when the leader ends (PR_GET_TID_ADDRESS); it
  // holds the leader's number.
  [[nodiscard]] const std::uint32_t* word() const { return word_; }
  // How long to wait until look() is to be called again though nobody has woken us; nullptr: for ever.
  [[nodiscard]] const timespec* next_look() const;
  // If the leader has ended and no thread is left but those of ours, ends the process as the leader has ended. The word
  // of a leader who lives on is another's memory by now: it is not waited for any more.
  void look();

private:
  // Has the word been cleared? Then who else waits for it is woken, as the kernel wakes one only, which may have been
  // one of ours.
  [[nodiscard]] bool is_cleared() const;

  const std::uint32_t* word_ = nullptr;
  int stat_ = -1; // /proc/self/stat: nothing may be opened later, in the midst of the program's descriptors
  int looks_ = 0; // since the word was cleared
};

} // namespace daxemu::fault
