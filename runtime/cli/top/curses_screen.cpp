#include "runtime/cli/top/curses_screen.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>

#include <curses.h>
#include <unistd.h>

namespace daxemu::cli {
namespace {

struct Pen {
  chtype plain;     // attributes that do without colour
  short foreground; // with it: -1 is the terminal's own
  short background;
  chtype attributes; // beside the colour
};
constexpr std::array<Pen, kStyles> kPens = {{
    {A_NORMAL, -1, -1, A_NORMAL},                 // plain
    {A_BOLD, -1, -1, A_BOLD},                     // bold
    {A_DIM, -1, -1, A_DIM},                       // faint
    {A_REVERSE, -1, -1, A_REVERSE},               // bar
    {A_REVERSE | A_BOLD, -1, -1, A_REVERSE},      // chosen
    {A_DIM, -1, -1, A_DIM},                       // untouched
    {A_NORMAL, COLOR_BLACK, COLOR_GREEN, 0},      // touched
    {A_NORMAL, COLOR_BLACK, COLOR_YELLOW, 0},     // dirty
    {A_BOLD, COLOR_WHITE, COLOR_MAGENTA, A_BOLD}, // pinned
    {A_REVERSE, COLOR_WHITE, COLOR_RED, A_BOLD},  // poisoned
}};

bool colours_on = false;

chtype attributes_of(Style style) {
  const auto at = static_cast<std::size_t>(style);
  const Pen& pen = kPens.at(at);
  return colours_on ? pen.attributes | COLOR_PAIR(static_cast<int>(at) + 1) : pen.plain;
}

} // namespace

Outcome<CursesScreen> CursesScreen::open(bool colour) {
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDOUT_FILENO) == 0) {
    return refuse(ENOTTY, "top needs a terminal", "use --once to print one picture, or --json for programs");
  }
  const char* terminal = std::getenv("TERM");
  if (::newterm(nullptr, stdout, stdin) == nullptr) {
    return refuse(ENOTTY, std::string("the terminal TERM=") + (terminal != nullptr ? terminal : "") + " is not known",
                  "set TERM to one that is, such as xterm, or use --once");
  }
  ::cbreak();
  ::noecho();
  ::nonl();
  ::keypad(stdscr, TRUE);
  ::curs_set(0);
  colours_on = colour && ::has_colors() && ::start_color() == OK && ::use_default_colors() == OK;
  for (std::size_t at = 0; colours_on && at < kPens.size(); ++at) {
    ::init_pair(static_cast<short>(at + 1), kPens.at(at).foreground, kPens.at(at).background);
  }
  return CursesScreen();
}

CursesScreen::~CursesScreen() {
  if (open_) {
    ::endwin();
  }
}

int CursesScreen::width() const {
  return getmaxx(stdscr);
}
int CursesScreen::height() const {
  return getmaxy(stdscr);
}

void CursesScreen::paint(const Canvas& canvas) {
  for (int y = 0; y < canvas.height(); ++y) {
    for (int x = 0; x < canvas.width(); ++x) {
      const Glyph& glyph = canvas.at(x, y);
      mvaddch(y, x, static_cast<unsigned char>(glyph.character) | attributes_of(glyph.style));
    }
  }
  ::refresh();
}

Key CursesScreen::wait(int milliseconds) {
  ::timeout(milliseconds);
  switch (::getch()) {
  case ERR:
  case KEY_RESIZE:
    return Key::none;
  case 'q':
  case 'Q':
  case 27: // Escape
    return Key::quit;
  case KEY_UP:
  case 'k':
    return Key::up;
  case KEY_DOWN:
  case 'j':
    return Key::down;
  case 'p':
  case ' ':
    return Key::pause;
  default:
    return Key::other;
  }
}

} // namespace daxemu::cli
