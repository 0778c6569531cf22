#include "runtime/cli/pages/completion.hpp"

#include <array>
#include <string_view>

#include <fmt/format.h>

#include "runtime/cli/text/joined.hpp"

namespace daxemu::cli {
namespace {

// How each shell completes a kind of value. What is in no row has nothing to offer (a size, a number).
struct ValueKind {
  std::string_view value;
  std::string_view bash;
  std::string_view zsh;
  std::string_view fish;
};
constexpr auto kKinds = std::to_array<ValueKind>({
    {"FILE", "_daxemu_files", "_files", "-r -F"},
    {"PLATFORM", "_daxemu_names platforms", "_daxemu_names platforms", "-x -a '(daxemu completion --names platforms)'"},
    {"DEVICE", "_daxemu_names devices", "_daxemu_names devices", "-x -a '(daxemu completion --names devices)'"},
});

const ValueKind* kind_of(const std::string& value) {
  for (const ValueKind& kind : kKinds) {
    if (kind.value == value) {
      return &kind;
    }
  }
  return nullptr;
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
  return text;
}

// Between single quotes, for every shell of ours but fish, which escapes inside them.
std::string quoted(const std::string& text) {
  return "'" + replaced(text, "'", "'\\''") + "'";
}
std::string fish_quoted(const std::string& text) {
  return "'" + replaced(replaced(text, "\\", "\\\\"), "'", "\\'") + "'";
}
// In an _arguments specification.
std::string zsh_text(const std::string& text) {
  return replaced(replaced(replaced(replaced(text, "\\", "\\\\"), "[", "\\["), "]", "\\]"), ":", "\\:");
}

std::string bash_action(const std::string& value) {
  const auto words = words_of(value);
  if (!words.empty()) {
    return fmt::format("_daxemu_words '{}'", joined(words, " "));
  }
  const ValueKind* kind = kind_of(value);
  return kind == nullptr ? ":" : std::string(kind->bash);
}

std::string zsh_action(const std::string& value) {
  const auto words = words_of(value);
  if (!words.empty()) {
    return fmt::format("({})", joined(words, " "));
  }
  const ValueKind* kind = kind_of(value);
  return kind == nullptr ? " " : std::string(kind->zsh);
}

std::string fish_action(const std::string& value) {
  const auto words = words_of(value);
  if (!words.empty()) {
    return fmt::format("-x -a '{}'", joined(words, " "));
  }
  const ValueKind* kind = kind_of(value);
  return kind == nullptr ? "-x" : std::string(kind->fish);
}

std::vector<std::string> flag_names(const VerbText& verb) {
  std::vector<std::string> names;
  for (const ArgumentText& flag : verb.flags) {
    names.insert(names.end(), flag.names.begin(), flag.names.end());
  }
  return names;
}

constexpr const char* kBashHead = R"sh(# bash completion for daxemu, made by: daxemu completion bash
_daxemu_words() {
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}
_daxemu_files() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}
_daxemu_names() {
  _daxemu_words "$("${COMP_WORDS[0]}" completion --names "$1" 2>/dev/null)"
}
# The command behind "--", which has a completion of its own.
_daxemu_command() {
  if declare -F _command_offset >/dev/null; then
    _command_offset "$1"
  elif [ "$COMP_CWORD" -eq "$1" ]; then
    mapfile -t COMPREPLY < <(compgen -c -- "$cur")
  else
    _daxemu_files
  fi
}
_daxemu() {
  local cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} at
  COMPREPLY=()
  for ((at = 1; at < COMP_CWORD; at++)); do
    if [ "${COMP_WORDS[at]}" = -- ]; then
      _daxemu_command $((at + 1))
      return
    fi
  done
  # --flag=value is three words to bash
  if [ "$cur" = = ]; then
    cur=""
  elif [ "$previous" = = ] && [ "$COMP_CWORD" -ge 3 ]; then
    previous=${COMP_WORDS[COMP_CWORD - 2]}
  fi
)sh";

constexpr const char* kZshHead = R"sh(#compdef daxemu
# zsh completion for daxemu, made by: daxemu completion zsh
_daxemu_names() {
  local -a names
  names=(${(f)"$(daxemu completion --names ${@[-1]} 2>/dev/null)"})
  compadd "${@[1,-2]}" -a names # _arguments puts its own options in front
}
_daxemu() {
  local curcontext=$curcontext state line
  local -a verbs
)sh";

constexpr const char* kFishHead = R"sh(# fish completion for daxemu, made by: daxemu completion fish
function __daxemu_behind
    contains -- -- (commandline -opc)
end
# The command behind "--", which has a completion of its own.
function __daxemu_command
    set -l words (commandline -opc) (commandline -ct)
    set -l at (contains -i -- -- $words)
    complete -C (string join ' ' -- $words[(math $at + 1)..-1])
end
function __daxemu_verb
    set -l words (commandline -opc)
    not __daxemu_behind; and test (count $words) -ge 2; and test $words[2] = $argv[1]
end
function __daxemu_no_verb
    test (count (commandline -opc)) -eq 1
end
complete -c daxemu -f
complete -c daxemu -n __daxemu_behind -a '(__daxemu_command)'
)sh";

} // namespace

std::string bash_completion(const std::vector<VerbText>& verbs) {
  std::vector<std::string> names;
  std::string values;
  std::string flags;
  for (const VerbText& verb : verbs) {
    names.push_back(verb.name);
    for (const ArgumentText& flag : verb.flags) {
      for (const std::string& name : flag.names) {
        if (!flag.value.empty()) {
          values += fmt::format("    '{} {}') {}; return ;;\n", verb.name, name, bash_action(flag.value));
        }
      }
    }
    const std::string action = verb.positionals.empty() ? ":" : bash_action(verb.positionals.front().value);
    flags += fmt::format("    {}) if [[ $cur == -* ]]; then _daxemu_words '{}{}'; else {}; fi ;;\n", verb.name,
                         joined(flag_names(verb), " "), verb.takes_command ? " --" : "", action);
  }
  return fmt::format(
      "{}  if [ \"$COMP_CWORD\" -eq 1 ]; then\n    _daxemu_words '{} --help --version'\n    return\n  fi\n"
      "  case \"${{COMP_WORDS[1]}} $previous\" in\n{}  esac\n  case ${{COMP_WORDS[1]}} in\n{}  esac\n}}\n"
      "complete -F _daxemu daxemu\n",
      kBashHead, joined(names, " "), values, flags);
}

std::string zsh_completion(const std::vector<VerbText>& verbs) {
  std::string names;
  std::string cases;
  for (const VerbText& verb : verbs) {
    names += fmt::format("    {}\n", quoted(verb.name + ":" + zsh_text(verb.description)));
    std::string specs;
    for (const ArgumentText& flag : verb.flags) {
      for (const std::string& name : flag.names) {
        const std::string value =
            flag.value.empty()
                ? ""
                : fmt::format(":{}:{}", zsh_text(words_of(flag.value).empty() ? flag.value : name.substr(2)),
                              zsh_action(flag.value));
        // A value may follow "=" or be the next word; a long list of flags that exclude each other is the parser's to
        // say.
        specs += fmt::format(" \\\n        {}", quoted(fmt::format("{}{}{}[{}]{}", flag.repeated ? "*" : "", name,
                                                                   !value.empty() && name.starts_with("--") ? "=" : "",
                                                                   zsh_text(flag.description), value)));
      }
    }
    for (const ArgumentText& positional : verb.positionals) {
      specs += fmt::format(" \\\n        {}",
                           quoted(fmt::format("{}:{}:{}", positional.repeated ? "*" : "",
                                              zsh_text(positional.names.front()), zsh_action(positional.value))));
    }
    if (verb.takes_command) {
      specs += " \\\n        '*::command:_daxemu_command'";
    }
    cases += fmt::format("      {}) _arguments -S{} ;;\n", verb.name, specs);
  }
  return fmt::format(
      "{}  verbs=(\n{}  )\n"
      "  _arguments -C '(- *)--help[Print help]' '(- *)--version[Print the version]' '1:verb:->verb' "
      "'*::argument:->rest'\n"
      "  case $state in\n    verb) _describe verb verbs ;;\n    rest)\n      case $words[1] in\n{}      esac ;;\n"
      "  esac\n}}\n"
      "# Behind \"--\" stands a command, which has a completion of its own.\n"
      "_daxemu_command() {{ _normal }}\n"
      "if [ \"$funcstack[1]\" = _daxemu ]; then _daxemu \"$@\"; else compdef _daxemu daxemu; fi\n",
      kZshHead, names, cases);
}

std::string fish_completion(const std::vector<VerbText>& verbs) {
  std::string out = kFishHead;
  for (const VerbText& verb : verbs) {
    out +=
        fmt::format("complete -c daxemu -n __daxemu_no_verb -a {} -d {}\n", verb.name, fish_quoted(verb.description));
  }
  for (const VerbText& verb : verbs) {
    const std::string when = fmt::format("complete -c daxemu -n '__daxemu_verb {}'", verb.name);
    for (const ArgumentText& flag : verb.flags) {
      std::string names;
      for (const std::string& name : flag.names) {
        names += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      }
      out += fmt::format("{}{}{} -d {}\n", when, names, flag.value.empty() ? "" : " " + fish_action(flag.value),
                         fish_quoted(flag.description));
    }
    for (const ArgumentText& positional : verb.positionals) {
      if (kind_of(positional.value) != nullptr || !words_of(positional.value).empty()) {
        out += fmt::format("{} {}\n", when, replaced(replaced(fish_action(positional.value), "-x ", ""), "-r ", ""));
      }
    }
  }
  return out;
}

} // namespace daxemu::cli
