// Writes the manual pages and completion scripts that an installation has.   daxemu-pages FOLDER
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "runtime/cli/command_line/program.hpp"
#include "runtime/cli/pages/completion.hpp"
#include "runtime/cli/pages/man_page.hpp"

namespace {

bool write(const std::filesystem::path& path, const std::string& text) {
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  std::ofstream file(path);
  if (!(file << text).flush()) {
    std::fprintf(stderr, "daxemu-pages: %s cannot be written\n", path.c_str());
    return false;
  }
  return true;
}

} // namespace

int main(int argc, char** argv) {
  using namespace daxemu::cli;
  if (argc != 2) {
    std::fprintf(stderr, "usage: daxemu-pages FOLDER\n");
    return 2;
  }
  const std::filesystem::path folder = argv[1];
  Program program;
  const std::vector<VerbText> verbs = verbs_of(program);
  bool good = write(folder / "man1" / "daxemu.1", man_page_of_all(verbs));
  for (const VerbText& verb : verbs) {
    good = write(folder / "man1" / ("daxemu-" + verb.name + ".1"), man_page_of(verb, verbs)) && good;
  }
  good = write(folder / "completions" / "bash" / "daxemu", bash_completion(verbs)) && good;
  good = write(folder / "completions" / "zsh" / "_daxemu", zsh_completion(verbs)) && good;
  good = write(folder / "completions" / "fish" / "daxemu.fish", fish_completion(verbs)) && good;
  return good ? 0 : 1;
}
