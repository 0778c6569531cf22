// HTML and SVG as text: escaping, and the few shapes that a report draws.
#pragma once

#include <string>
#include <string_view>

namespace daxemu::cli {

// `text` as the content of an element or the value of an attribute.
[[nodiscard]] std::string html_text(std::string_view text);

class Svg {
public:
  // In units of one CSS pixel; scales with the page. `label` says what it shows to who cannot see it.
  Svg(double width, double height, std::string_view label);

  // `look` is a class of the style sheet; `tip` is shown by the browser when the pointer is over the shape.
  void rect(double x, double y, double width, double height, std::string_view look, std::string_view tip = "");
  void line(double x1, double y1, double x2, double y2, std::string_view look);
  // `anchor`: start, middle or end.
  void text(double x, double y, std::string_view words, std::string_view look, std::string_view anchor = "start");

  [[nodiscard]] std::string str() const { return body_ + "</svg></div>\n"; }

private:
  std::string body_;
};

} // namespace daxemu::cli
