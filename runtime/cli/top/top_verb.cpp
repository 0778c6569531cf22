// daxemu top: what a platform's devices and processes do, live.
#include <algorithm>
#include <chrono>
#include <cstdlib>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "runtime/cli/command_line/commands.hpp"
#include "runtime/cli/platforms/find_platform.hpp"
#include "runtime/cli/platforms/named_platform.hpp"
#include "runtime/cli/text/terminal.hpp"
#include "runtime/cli/top/curses_screen.hpp"
#include "runtime/cli/top/view.hpp"

namespace daxemu::cli {
namespace {

struct Size {
  int width = 80;
  int height = 24;
};

// Of the terminal on standard output; of none: what COLUMNS and LINES say, else 80x24.
Size size_of_output() {
  Size size;
  winsize window{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0 && window.ws_row > 0) {
    return {window.ws_col, window.ws_row};
  }
  const auto from = [](const char* name, int fallback) {
    const char* text = std::getenv(name);
    const long value = text != nullptr ? std::strtol(text, nullptr, 10) : 0;
    return value >= 10 && value <= 1000 ? static_cast<int>(value) : fallback;
  };
  return {from("COLUMNS", size.width), from("LINES", size.height)};
}

class TopVerb final : public Verb {
public:
  explicit TopVerb(CLI::App& app) {
    CLI::App& verb = *app.add_subcommand("top", "Watch what a platform's devices and processes do");
    verb.add_option("--platform", platform_, "Its name, or the pid of a process in it (default: the only one there is)")
        ->type_name("PLATFORM");
    verb.add_option("--interval", interval_, "Seconds between two pictures (default 1)")->type_name("SECONDS");
    verb.add_flag("--once", once_, "Print one picture and end");
    verb.add_flag("--json", json_, "Print the numbers of one picture as JSON and end");
  }

  int run(const std::vector<std::string>& /*command*/) override {
    if (!(interval_ >= 0.05 && interval_ <= 3600)) {
      complain({EINVAL, fmt::format("--interval {} is out of range", interval_), "give seconds from 0.05 to 3600"});
      return kExitRefused;
    }
    auto wish = find_platform(platform_);
    auto location = wish ? location_of_platform(*wish) : tl::unexpected(wish.error());
    auto store = location ? open_platform(*wish) : tl::unexpected(location.error());
    if (!store) {
      complain(store.error());
      return kExitRefused;
    }
    Observer observer(std::move(*store), *location);
    if (json_) {
      fmt::print("{}", snapshot_json(observer.look(1)));
      return 0;
    }
    return once_ ? print_once(observer) : watch(observer);
  }

private:
  static int print_once(Observer& observer) {
    const Size size = size_of_output();
    const PlatformSnapshot snapshot = observer.look(most_cells(size.width, size.height));
    fmt::print("{}", draw(snapshot, size.width, size.height, {.keys = false}).text(colour_wanted(STDOUT_FILENO)));
    return 0;
  }

  int watch(Observer& observer) {
    auto screen = CursesScreen::open(colour_wanted(STDOUT_FILENO));
    if (!screen) {
      complain(screen.error());
      return kExitRefused;
    }
    const auto step = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::duration<double>(interval_));
    ViewOptions options;
    PlatformSnapshot snapshot = observer.look(most_cells(screen->width(), screen->height()));
    auto next = std::chrono::steady_clock::now() + step;
    while (!observer.ended()) {
      screen->paint(draw(snapshot, screen->width(), screen->height(), options));
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(next - std::chrono::steady_clock::now());
      switch (screen->wait(std::max(static_cast<int>(left.count()), 0))) {
      case Key::quit:
        return 0;
      case Key::up:
        options.chosen -= options.chosen > 0 ? 1 : 0;
        break;
      case Key::down:
        options.chosen += options.chosen + 1 < snapshot.devices.size() ? 1 : 0;
        break;
      case Key::pause:
        options.paused = !options.paused;
        break;
      case Key::none:
      case Key::other:
        break;
      }
      if (std::chrono::steady_clock::now() >= next) {
        next = std::chrono::steady_clock::now() + step;
        if (!options.paused) {
          snapshot = observer.look(most_cells(screen->width(), screen->height()));
        }
      }
    }
    { const CursesScreen closed = std::move(*screen); } // the terminal is itself again
    note(fmt::format("the platform {} has ended", snapshot.name));
    return 0;
  }

  std::string platform_;
  double interval_ = 1;
  bool once_ = false;
  bool json_ = false;
};

} // namespace

std::unique_ptr<Verb> add_top_verb(CLI::App& app) {
  return std::make_unique<TopVerb>(app);
}

} // namespace daxemu::cli
