// run --explain: while a command runs, a line for every call of its processes that was refused and every SIGBUS. The
// processes write events to a ring (emu/trace/why.hpp); a thread here prints them: nothing is said on the command's own
// standard error but what it says itself.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "emu/base/kernel/unique_fd.hpp"
#include "emu/store/store.hpp"
#include "emu/trace/ring.hpp"
#include "runtime/cli/explain/symbols.hpp"

namespace daxemu::cli {

class Explainer {
public:
  // Prints to the file `path`, or to standard error if that is empty. Errors (Problem): the file cannot be written,
  // there is no memory for the ring.
  [[nodiscard]] static Outcome<std::unique_ptr<Explainer>> start(const store::Store& store, const std::string& path);
  Explainer(const Explainer&) = delete;
  Explainer& operator=(const Explainer&) = delete;
  ~Explainer() { finish(); }

  // What the command's environment needs.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> environment() const;
  // The command has ended: the rest is printed. Once; returns how many lines there were.
  std::uint64_t finish();

private:
  Explainer(const store::Store& store, UniqueFd fd, trace::Ring ring);
  void follow();
  void print_fresh(bool last);
  void print(const trace::Event& event);
  [[nodiscard]] std::string name_of(std::int32_t pid);
  [[nodiscard]] std::string device_of(std::uint32_t minor) const;

  const store::Store& store_;
  UniqueFd fd_; // the ring's, which the processes open by /proc
  trace::Ring ring_;
  std::uint64_t next_ = 0;
  std::uint64_t lines_ = 0;
  std::uint64_t missed_ = 0;
  std::map<std::int32_t, std::string> names_; // of processes
  Symbols symbols_;
  std::ofstream file_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace daxemu::cli
