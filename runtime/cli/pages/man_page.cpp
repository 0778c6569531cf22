#include "runtime/cli/pages/man_page.hpp"

#include <algorithm>
#include <cctype>
#include <span>

#include <fmt/format.h>

#include "daxemu_build.hpp"
#include "emu/base/profile.hpp"
#include "runtime/cli/command_line/manual.hpp"

namespace daxemu::cli {
namespace {

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

std::string lower_first(std::string text) {
  if (!text.empty()) {
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  }
  return text;
}

std::string title(const std::string& name, const std::string& what) {
  return fmt::format(".TH {} 1 \"\" \"daxemu {}\" \"daxemu manual\"\n.SH NAME\n{} \\- {}\n", upper(roff(name)),
                     kVersion, roff(name), roff(what));
}

// Paragraphs, separated by empty lines.
std::string paragraphs(std::string_view text) {
  std::string out;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find("\n\n", begin), text.size());
    out += ".PP\n" + roff(text.substr(begin, end - begin)) + "\n";
    begin = end + 2;
  }
  return out;
}

std::string terms(const char* heading, std::span<const Term> terms) {
  std::string out = fmt::format(".SH {}\n", heading);
  for (const Term& term : terms) {
    out += fmt::format(".TP\n.B {}\n{}\n", roff(term.name), roff(term.text));
  }
  return out;
}

std::string argument(const ArgumentText& argument) {
  std::string names;
  for (const std::string& name : argument.names) {
    names += (names.empty() ? "" : ", ") + fmt::format("\\fB{}\\fR", roff(name));
  }
  if (!argument.value.empty() && argument.names.front().starts_with('-')) {
    names += fmt::format(" \\fI{}\\fR", roff(argument.value));
  }
  std::string description = argument.description;
  description += argument.required ? " (required)" : "";
  description += argument.repeated ? " (may be repeated)" : "";
  return fmt::format(".TP\n{}\n{}\n", names, roff(description));
}

std::string arguments(const char* heading, const std::vector<ArgumentText>& list) {
  std::string out = list.empty() ? "" : fmt::format(".SH {}\n", heading);
  for (const ArgumentText& each : list) {
    out += argument(each);
  }
  return out;
}

std::string see_also(const std::vector<VerbText>& all, const std::string& except) {
  std::vector<std::string> pages;
  for (const VerbText& verb : all) {
    if (verb.name != except) {
      pages.push_back(fmt::format("\\fBdaxemu\\-{}\\fR(1)", roff(verb.name)));
    }
  }
  if (!except.empty()) {
    pages.insert(pages.begin(), "\\fBdaxemu\\fR(1)");
  }
  std::string out = ".SH SEE ALSO\n";
  for (const std::string& page : pages) {
    out += page + (&page == &pages.back() ? "\n" : ",\n");
  }
  return out;
}

} // namespace

std::string roff(std::string_view text) {
  std::string out;
  for (const char each : text) {
    const bool begins = out.empty() || out.back() == '\n';
    if (begins && (each == '.' || each == '\'')) {
      out += "\\&";
    }
    switch (each) {
    case '\\':
      out += "\\e";
      break;
    case '-':
      out += "\\-";
      break;
    default:
      out += each;
    }
  }
  return out;
}

std::string man_page_of(const VerbText& verb, const std::vector<VerbText>& all) {
  std::string out = title("daxemu-" + verb.name, lower_first(verb.description));
  out += fmt::format(".SH SYNOPSIS\n.B {}\n", roff(synopsis_of(verb)));
  const VerbManual* manual = manual_of(verb.name);
  out += ".SH DESCRIPTION\n" + roff(verb.description) + ".\n";
  if (manual != nullptr) {
    out += paragraphs(manual->text);
  }
  out += arguments("ARGUMENTS", verb.positionals);
  out += arguments("OPTIONS", verb.flags);
  if (manual != nullptr && !manual->examples.empty()) {
    out += fmt::format(".SH EXAMPLES\n.nf\n{}\n.fi\n", roff(manual->examples));
  }
  out += ".SH EXIT STATUS\nSee\n.BR daxemu (1).\n";
  return out + see_also(all, verb.name);
}

std::string man_page_of_all(const std::vector<VerbText>& all) {
  std::string out = title("daxemu", "a device-dax that is not there");
  out += ".SH SYNOPSIS\n.B daxemu\n.I verb\n[flags] [\\fB\\-\\-\\fR command [argument...]]\n";
  out += ".SH DESCRIPTION\n" +
         roff(fmt::format(
             "daxemu gives an unmodified program /dev/dax0.0: extents of 4K, 2M or 1G, its sysfs, its faults "
             "and its errors, as device-dax of Linux {} has them, on a machine with no persistent memory, no CXL "
             "and no root. Where a real device-dax exists, the same command runs the same program on that.",
             known_kernels())) +
         "\n.PP\nSizes are bytes, or a number with K, M, G or T (powers of 1024).\n.SH VERBS\n";
  for (const VerbText& verb : all) {
    out += fmt::format(".TP\n\\fB{}\\fR\n{}: see\n.BR daxemu\\-{} (1).\n", roff(verb.name), roff(verb.description),
                       roff(verb.name));
  }
  out += ".SH OPTIONS\n.TP\n.B \\-\\-help, \\-h\nPrint help; behind a verb, that verb's.\n.TP\n.B \\-\\-version\nPrint "
         "the "
         "version.\n";
  out += terms("ENVIRONMENT", environment_terms());
  out += terms("EXIT STATUS", exit_terms());
  out += terms("FILES", file_terms());
  return out + see_also(all, "");
}

} // namespace daxemu::cli
