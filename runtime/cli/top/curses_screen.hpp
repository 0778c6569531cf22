// A terminal in full-screen mode, through ncurses: whatever terminfo knows, over ssh, resized at will.
#pragma once

#include "emu/base/result.hpp"
#include "runtime/cli/top/canvas.hpp"

namespace daxemu::cli {

enum class Key { none, quit, up, down, pause, other };

class CursesScreen {
public:
  // Errors (Problem, ENOTTY): standard input or output is no terminal, or of a kind terminfo does not know.
  [[nodiscard]] static Outcome<CursesScreen> open(bool colour);
  CursesScreen(CursesScreen&& other) noexcept : open_(std::exchange(other.open_, false)) {}
  CursesScreen& operator=(CursesScreen&&) = delete;
  ~CursesScreen();

  // As it is now, in characters.
  [[nodiscard]] int width() const;
  [[nodiscard]] int height() const;
  void paint(const Canvas& canvas);
  // Waits for a key; none: `milliseconds` went by, or the size has changed.
  [[nodiscard]] Key wait(int milliseconds);

private:
  CursesScreen() = default;
  bool open_ = true;
};

} // namespace daxemu::cli
