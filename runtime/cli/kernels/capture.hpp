// Keeps what a command prints. By pipes, not files: a command that opens /dev/stdout once more must not begin over what
// it printed.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <thread>

#include "emu/base/kernel/unique_fd.hpp"
#include "emu/base/result.hpp"
#include "runtime/cli/kernels/output_difference.hpp"
#include "runtime/cli/stage/child.hpp"

namespace daxemu::cli {

class Capture {
public:
  // Of a stream no more than this is kept; the rest is read all the same.
  static constexpr std::size_t kKept = 64U << 20U;

  // With `shown` it is passed on to our own standard output and standard error as it comes. Errors (Problem):
  // pipe2(2)'s and the like.
  [[nodiscard]] static Outcome<std::unique_ptr<Capture>> start(bool shown);
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;
  ~Capture();

  // Where the command is to print. Its input is not meant.
  [[nodiscard]] Streams streams() const;
  // When the command has ended: what it printed. What others that hold its streams print later is nobody's.
  [[nodiscard]] Outputs finish();
  // Was it to be passed on to somebody who is gone? The command then found that its reader had gone, too.
  [[nodiscard]] bool is_unheard() const { return unheard_; }

private:
  struct Pipe {
    UniqueFd read;
    UniqueFd write;
    int shown = -1;
    Output kept;
  };

  Capture() = default;
  void pump();
  // Once what is there, at most `room` bytes. How much it was; nothing: there will be no more.
  std::optional<std::size_t> take(Pipe& pipe, std::size_t room);
  // What the command had printed when it ended, however much others add meanwhile.
  void take_rest(Pipe& pipe);

  Pipe out_;
  Pipe error_;
  UniqueFd ended_; // an eventfd: the command has
  std::atomic<bool> unheard_ = false;
  std::thread thread_;
};

} // namespace daxemu::cli
