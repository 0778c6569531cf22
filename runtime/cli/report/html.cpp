#include "runtime/cli/report/html.hpp"

#include <fmt/format.h>

namespace daxemu::cli {

std::string html_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char each : text) {
    switch (each) {
    case '&':
      out += "&amp;";
      break;
    case '<':
      out += "&lt;";
      break;
    case '>':
      out += "&gt;";
      break;
    case '"':
      out += "&quot;";
      break;
    case '\'':
      out += "&#39;";
      break;
    default:
      out += each;
    }
  }
  return out;
}

Svg::Svg(double width, double height, std::string_view label)
    : body_(fmt::format("<div class=\"wide\"><svg viewBox=\"0 0 {:g} {:g}\" role=\"img\" aria-label=\"{}\">\n", width, height,
                        html_text(label))) {}

void Svg::rect(double x, double y, double width, double height, std::string_view look, std::string_view tip) {
  body_ += fmt::format("<rect x=\"{:.5g}\" y=\"{:.5g}\" width=\"{:.5g}\" height=\"{:.5g}\" class=\"{}\"", x, y, width,
                       height, look);
  body_ += tip.empty() ? "/>\n" : fmt::format("><title>{}</title></rect>\n", html_text(tip));
}

void Svg::line(double x1, double y1, double x2, double y2, std::string_view look) {
  body_ += fmt::format("<line x1=\"{:.5g}\" y1=\"{:.5g}\" x2=\"{:.5g}\" y2=\"{:.5g}\" class=\"{}\"/>\n", x1, y1, x2, y2,
                       look);
}

void Svg::text(double x, double y, std::string_view words, std::string_view look, std::string_view anchor) {
  body_ += fmt::format("<text x=\"{:.5g}\" y=\"{:.5g}\" class=\"{}\" text-anchor=\"{}\">{}</text>\n", x, y, look,
                       anchor, html_text(words));
}

} // namespace daxemu::cli
