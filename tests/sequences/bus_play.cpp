// How the calls of the bus family are played.
#include "tests/sequences/bus.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/conformance/text.hpp"
#include "tests/conformance/touch.hpp"

namespace sequences::bus {
namespace {

using conformance::last_error;

constexpr const char* kBus = "/sys/bus/dax";

bool is_device(const std::string& word) {
  return word.size() == 2 && word[0] == 'd' && word[1] >= '0' && word[1] <= '9';
}

std::string folder(const Stage& stage, const std::string& place) {
  if (is_device(place)) {
    return folder_of(*stage.device, place);
  }
  return place == "region" ? stage.device->region : place == "bus" ? kBus : std::string(kBus) + "/drivers/" + place;
}

// "=text" as it is, with \n for a newline; "d2" a device's name; else a size in units.
std::string value(const Stage& stage, const std::string& word) {
  if (is_device(word)) {
    return named(*stage.device, word);
  }
  if (word[0] != '=') {
    return std::to_string(stage.units.bytes(word));
  }
  std::string text = word.substr(1);
  for (std::size_t at = 0; (at = text.find("\\n", at)) != std::string::npos;) {
    text.replace(at, 2, "\n");
  }
  return text;
}

std::string write_value(Stage& stage, const Call& call) {
  std::string word = call.word(2);
  for (std::size_t at = 3; at < call.words.size(); ++at) {
    word += ' ' + call.words[at];
  }
  return put(folder(stage, call.word(0)) + "/" + call.word(1), value(stage, word));
}

std::string write_range(Stage& stage, const Call& call) {
  const std::uint64_t start = region_start(*stage.device);
  char text[64];
  std::snprintf(text, sizeof text, "%lx-%lx", static_cast<unsigned long>(start + stage.units.bytes(call.word(1))),
                static_cast<unsigned long>(start + stage.units.bytes(call.word(2)) - 1));
  return put(folder(stage, call.word(0)) + "/mapping", text);
}

std::string node(Stage& stage, const Call& call) {
  const std::string path = "/dev/" + named(*stage.device, call.word(0));
  if (call.word(1) == "stat") {
    struct stat about {};
    if (::stat(path.c_str(), &about) != 0) {
      return last_error();
    }
    char mode[16];
    std::snprintf(mode, sizeof mode, "%o", about.st_mode);
    return mode;
  }
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) {
    return "open " + last_error();
  }
  std::string text = "ok";
  if (call.word(1) == "map") {
    void* at = ::mmap(nullptr, stage.units.extent, PROT_READ, MAP_SHARED, fd, 0);
    text = at == MAP_FAILED ? last_error() : conformance::load(at).text();
    if (at != MAP_FAILED) {
      ::munmap(at, stage.units.extent);
    }
  }
  ::close(fd);
  return text;
}

// What it prints, in one line; addresses are the machine's.
std::string daxctl(Stage& stage, const Call& call) {
  std::string command = "daxctl";
  for (const std::string& word : call.words) {
    const bool size = !word.empty() && word.back() == 'A';
    command += ' ' + (is_device(word) ? named(*stage.device, word)
                      : size          ? std::to_string(stage.units.bytes(word))
                                      : word);
  }
  FILE* out = ::popen((command + " 2>&1").c_str(), "re");
  if (out == nullptr) {
    return last_error();
  }
  std::string text;
  char line[512];
  while (std::fgets(line, sizeof line, out) != nullptr) {
    std::string one = line;
    one.erase(one.find_last_not_of(" \n") + 1);
    one.erase(0, one.find_first_not_of(' '));
    if (one.rfind("libdaxctl", 0) != 0) {
      text += (text.empty() ? "" : " ") + one;
    }
  }
  const int status = ::pclose(out);
  return text + " status=" + std::to_string(WEXITSTATUS(status));
}

} // namespace

bool concerns(const Call& call) {
  return call.name.rfind("bus", 0) == 0 || call.name == "daxctl";
}

std::optional<std::string> play(Stage& stage, const Call& call) {
  static const struct {
    const char* name;
    std::string (*play)(Stage&, const Call&);
  } table[] = {{"bus-put", write_value}, {"bus-range", write_range}, {"bus-node", node}, {"daxctl", daxctl}};
  for (const auto& one : table) {
    if (call.name == one.name) {
      return one.play(stage, call);
    }
  }
  return call.name == "bus" ? std::optional(look(stage)) : std::nullopt;
}

} // namespace sequences::bus
