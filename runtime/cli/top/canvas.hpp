// A rectangle of styled characters: what a view draws on, and what is then painted on a terminal or printed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace daxemu::cli {

enum class Style : std::uint8_t { plain, bold, faint, bar, chosen, untouched, touched, dirty, pinned, poisoned };
inline constexpr std::size_t kStyles = 10;

struct Glyph {
  char character = ' ';
  Style style = Style::plain;
};

class Canvas {
public:
  Canvas(int width, int height);

  [[nodiscard]] int width() const { return width_; }
  [[nodiscard]] int height() const { return height_; }
  // Draws `text` from (x, y) to the right; what does not fit is cut. Anything but printable ASCII becomes '?': a
  // process may call itself what it likes. Returns the column behind it.
  int put(int x, int y, std::string_view text, Style style = Style::plain);
  // Gives a whole row the style.
  void fill_row(int y, Style style);
  [[nodiscard]] const Glyph& at(int x, int y) const;

  // The rows as text, without blanks at their ends; in colour with the escape sequences of ECMA-48.
  [[nodiscard]] std::string text(bool colour) const;

private:
  int width_;
  int height_;
  std::vector<Glyph> glyphs_;
};

} // namespace daxemu::cli
