#include "runtime/cli/top/canvas.hpp"

#include <algorithm>
#include <array>

namespace daxemu::cli {
namespace {

// Select Graphic Rendition parameters, one per Style.
constexpr std::array<const char*, kStyles> kEscapes = {"0", "1",     "2",     "7",     "1;7",
                                                       "2", "30;42", "30;43", "30;45", "1;37;41"};

} // namespace

Canvas::Canvas(int width, int height)
    : width_(std::max(width, 1)), height_(std::max(height, 1)),
      glyphs_(static_cast<std::size_t>(width_) * static_cast<std::size_t>(height_)) {}

int Canvas::put(int x, int y, std::string_view text, Style style) {
  if (y < 0 || y >= height_) {
    return x;
  }
  for (const char character : text) {
    if (x >= width_) {
      break;
    }
    if (x >= 0) {
      const bool printable = character >= ' ' && character <= '~';
      glyphs_[static_cast<std::size_t>(y * width_ + x)] = {printable ? character : '?', style};
    }
    ++x;
  }
  return x;
}

void Canvas::fill_row(int y, Style style) {
  for (int x = 0; y >= 0 && y < height_ && x < width_; ++x) {
    glyphs_[static_cast<std::size_t>(y * width_ + x)].style = style;
  }
}

const Glyph& Canvas::at(int x, int y) const {
  return glyphs_.at(static_cast<std::size_t>(y * width_ + x));
}

std::string Canvas::text(bool colour) const {
  std::string text;
  for (int y = 0; y < height_; ++y) {
    int last = width_;
    while (last > 0 && at(last - 1, y).character == ' ' && (!colour || at(last - 1, y).style == Style::plain)) {
      --last;
    }
    Style style = Style::plain;
    for (int x = 0; x < last; ++x) {
      if (colour && at(x, y).style != style) {
        style = at(x, y).style;
        text += "\033[0;" + std::string(kEscapes.at(static_cast<std::size_t>(style))) + "m";
      }
      text += at(x, y).character;
    }
    text += colour && style != Style::plain ? "\033[0m\n" : "\n";
  }
  return text;
}

} // namespace daxemu::cli
