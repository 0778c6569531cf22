#include "runtime/preload/directories/word_calls.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include <glob.h>

#include "runtime/preload/ground/user_memory.hpp"
#include "runtime/preload/names/context.hpp"

namespace daxemu::preload {
namespace {

constexpr std::string_view kPatterns = "*?[";

// Behind the end of what `text` has from `at` on, up to an unquoted `closing`. `quoted`: inside double quotes, where
// single ones mean nothing.
std::size_t end_of_part(std::string_view text, std::size_t at, char closing, bool quoted);

// Behind what begins at `at` and has no patterns in it: an escaped character, quotes, a substitution; `at` itself if it
// is none of these.
std::size_t end_of_quoting(std::string_view text, std::size_t at, bool quoted) {
  const char next = at + 1 < text.size() ? text[at + 1] : '\0';
  switch (text[at]) {
  case '\\':
    return std::min(at + 2, text.size());
  case '\'':
    return quoted ? at : std::min(text.find('\'', at + 1), text.size() - 1) + 1;
  case '"':
    return end_of_part(text, at + 1, '"', true);
  case '`':
    return end_of_part(text, at + 1, '`', false);
  case '$':
    return next == '('   ? end_of_part(text, at + 2, ')', false)
           : next == '{' ? end_of_part(text, at + 2, '}', false)
           : next == '[' ? end_of_part(text, at + 2, ']', false)
                         : at;
  default:
    return at;
  }
}

std::size_t end_of_part(std::string_view text, std::size_t at, char closing, bool quoted) {
  while (at < text.size()) {
    if (text[at] == closing) {
      return at + 1;
    }
    const bool nests = closing == ')' && text[at] == '(';
    const std::size_t end = nests ? end_of_part(text, at + 1, ')', false) : end_of_quoting(text, at, quoted);
    at = std::max(end, at + 1);
  }
  return text.size();
}

// May a word of this text be a path to what is emulated? One without a slash names what is in the working directory.
bool may_lead_to_nodes(std::string_view text) {
  Context* context = Context::get();
  return context != nullptr && (text.find_first_of("/$`~") != std::string_view::npos || context->directory().is_near());
}

bool splits_fields() {
  const char* separators = std::getenv("IFS");
  return separators == nullptr || *separators != '\0';
}

// What a word with patterns becomes, in memory of malloc(3). Errors: WRDE_NOSPACE.
int expand(const HiddenPatterns& patterns, const char* word, std::vector<char*>& into) {
  glob_t found{};
  const int status = ::glob(patterns.pattern(word).c_str(), 0, nullptr, &found);
  if (status != 0 && status != GLOB_NOMATCH) {
    return WRDE_NOSPACE; // there is no other, without GLOB_ERR
  }
  std::vector<std::string> words;
  for (std::size_t at = 0; status == 0 && at < found.gl_pathc; ++at) {
    words.emplace_back(found.gl_pathv[at]);
  }
  if (status == 0) {
    ::globfree(&found);
  } else {
    words.push_back(patterns.shown(word));
  }
  if (!splits_fields()) { // do_parse_glob(): all of them are one word
    std::string all;
    for (const std::string& one : words) {
      all += (all.empty() ? "" : " ") + one;
    }
    words.assign(1, all);
  }
  for (const std::string& one : words) {
    char* const copy = ::strdup(one.c_str());
    if (copy == nullptr) {
      return WRDE_NOSPACE;
    }
    into.push_back(copy);
  }
  return 0;
}

// The words from number `first` on are what libc has made of hidden patterns.
int expand_from(const HiddenPatterns& patterns, wordexp_t& words, std::size_t first, int status) {
  char** const begin = words.we_wordv + words.we_offs;
  std::vector<char*> expanded;
  for (std::size_t at = first; at < words.we_wordc; ++at) {
    char* const word = begin[at];
    if (!patterns.are_in(word)) {
      expanded.push_back(word);
      continue;
    }
    if (status == 0) {
      status = expand(patterns, word, expanded);
    } else {
      expanded.push_back(::strdup(patterns.shown(word).c_str()));
    }
    std::free(word);
  }
  words.we_wordc = first;
  auto* const list =
      static_cast<char**>(std::realloc(words.we_wordv, (words.we_offs + first + expanded.size() + 1) * sizeof(char*)));
  if (list == nullptr) {
    std::for_each(expanded.begin(), expanded.end(), [](char* word) { std::free(word); });
    begin[first] = nullptr;
    return WRDE_NOSPACE;
  }
  words.we_wordv = list;
  char** const end = std::copy(expanded.begin(), expanded.end(), list + words.we_offs + first);
  *end = nullptr;
  words.we_wordc += expanded.size();
  return status;
}

} // namespace

HiddenPatterns::HiddenPatterns(std::string_view text) : text_(text) {
  const char* const separators = std::getenv("IFS");
  const std::string_view fields = separators != nullptr ? separators : "";
  for (char byte = 1; byte < ' ' && bytes_.size() < kPatterns.size(); ++byte) {
    const bool blank = byte == '\t' || byte == '\n';
    if (!blank && text.find(byte) == std::string_view::npos && fields.find(byte) == std::string_view::npos) {
      bytes_.push_back(byte);
    }
  }
  if (bytes_.size() < kPatterns.size()) {
    return;
  }
  for (std::size_t at = 0; at < text.size();) {
    if (const std::size_t end = end_of_quoting(text, at, false); end != at) {
      at = end;
      continue;
    }
    if (const std::size_t which = kPatterns.find(text[at]); which != std::string_view::npos) {
      text_[at] = bytes_[which];
      hidden_ = true;
    }
    ++at;
  }
}

bool HiddenPatterns::are_in(std::string_view word) const {
  return word.find_first_of(bytes_) != std::string_view::npos;
}

std::string HiddenPatterns::shown(std::string_view word) const {
  std::string text(word);
  for (char& one : text) {
    if (const std::size_t which = bytes_.find(one); which != std::string::npos) {
      one = kPatterns[which];
    }
  }
  return text;
}

std::string HiddenPatterns::pattern(std::string_view word) const {
  std::string text;
  for (const char one : word) {
    const std::size_t which = bytes_.find(one);
    if (which == std::string::npos && (one == '\\' || kPatterns.find(one) != std::string_view::npos)) {
      text.push_back('\\');
    }
    text.push_back(which != std::string::npos ? kPatterns[which] : one);
  }
  return text;
}

int expand_words(const char* words, wordexp_t* into, int flags, FunctionRef<int(const char*)> real) {
  if (words == nullptr || into == nullptr || !is_text(words) || std::strpbrk(words, "*?[") == nullptr ||
      !may_lead_to_nodes(words)) {
    return real(words);
  }
  const HiddenPatterns patterns(words);
  if (!patterns.hidden()) {
    return real(words);
  }
  const std::size_t before = (flags & WRDE_APPEND) != 0 ? into->we_wordc : 0;
  const int status = real(patterns.text().c_str());
  if (status != 0 && status != WRDE_NOSPACE) {
    return status; // the words are what they were
  }
  return into->we_wordv == nullptr ? status : expand_from(patterns, *into, before, status);
}

} // namespace daxemu::preload
