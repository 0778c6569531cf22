// What a kernel answered, in the order in which it was asked, line by line: `W file < "text" = ok` or an errno,
// `R file = "text"`. The guest: one host bridge with three root ports, two volatile memdevs and a persistent one of
// 512M each, two windows of 4G.
#include <cstdlib>
#include <fstream>
#include <utility>

#include "tests/unit/cxl/attributes.hpp"
#include "tests/unit/cxl/platform.hpp"

namespace daxemu::cxl {
namespace {

TopologySpec guest() {
  return {.host_bridges = {{.root_ports = {memdev_below(512 * kMega), memdev_below(512 * kMega),
                                           memdev_below(0, 512 * kMega)}}},
          .windows = {{}, {}}};
}

struct Line {
  char kind = ' ';
  std::string file;
  std::string text;   // written
  std::string answer; // of a read with its quotes taken off
};

std::string unquoted(std::string_view quoted) {
  std::string text;
  for (std::size_t at = 1; at + 1 < quoted.size(); ++at) {
    const bool is_escape = quoted[at] == '\\' && at + 2 < quoted.size();
    at += is_escape ? 1 : 0;
    text += is_escape && quoted[at] == 'n' ? '\n' : quoted[at];
  }
  return text;
}

std::optional<Line> parse(const std::string& text) {
  const std::size_t end = text.find(' ', 2);
  const std::size_t equals = text.rfind(" = ");
  if (end == std::string::npos || equals == std::string::npos || equals < end) {
    return std::nullopt;
  }
  Line line;
  line.kind = text[0];
  line.file = text.substr(2, end - 2);
  line.text = line.kind == 'W' ? unquoted(text.substr(end + 3, equals - end - 3)) : "";
  line.answer = text.substr(equals + 3);
  return line;
}

std::string errno_name(int value) {
  constexpr std::array kNames{std::pair{ENOENT, "ENOENT"}, std::pair{EINVAL, "EINVAL"}, std::pair{EBUSY, "EBUSY"},
                              std::pair{ENXIO, "ENXIO"},   std::pair{ENODEV, "ENODEV"}, std::pair{ERANGE, "ERANGE"},
                              std::pair{ENOSPC, "ENOSPC"}, std::pair{EACCES, "EACCES"}};
  for (const auto& [code, name] : kNames) {
    if (code == value) {
      return name;
    }
  }
  return std::to_string(value);
}

std::string answer_of(const Result<void>& written) {
  return written ? "ok" : errno_name(written.error().value);
}

std::string without_open(std::string answer) {
  return answer.starts_with("open:") ? answer.substr(5) : answer;
}

struct Recording {
  KernelId kernel;
  const char* name;
};
void PrintTo(const Recording& recording, std::ostream* to) {
  *to << recording.name;
}

class Recordings : public ::testing::TestWithParam<Recording> {};
TEST_P(Recordings, AreAnswered) {
  const std::string path = std::string(DAXEMU_SOURCE_DIR "/tests/unit/cxl/") + GetParam().name;
  std::ifstream file(path);
  ASSERT_TRUE(file) << path;
  const store::Store store = platform_of(guest(), GetParam().kernel);
  decoder_named(store, "decoder0.0").start = 0xa90000000;
  decoder_named(store, "decoder0.1").start = 0xb90000000;
  int number = 0;
  int asked = 0;
  int different = 0;
  for (std::string text; std::getline(file, text) && different < 40;) {
    ++number;
    const auto line = parse(text);
    if (!line) {
      continue;
    }
    std::string answer;
    if (line->kind == 'W') {
      if (line->text.empty()) {
        continue; // write(2) of nothing reaches no attribute
      }
      const auto written = write_attribute(store, line->file, line->text);
      if (!written) {
        continue;
      }
      answer = answer_of(*written);
    } else {
      const auto read = read_attribute(store, line->file);
      if (!read) {
        continue;
      }
      answer = *read ? **read : errno_name(read->error().value);
    }
    ++asked;
    const std::string expected = line->answer.starts_with('"') ? unquoted(line->answer) : without_open(line->answer);
    if (answer != expected) {
      ++different;
      ADD_FAILURE() << number << ": " << text << "\nhere: " << answer;
    }
  }
  EXPECT_GT(asked, 600);
}
INSTANTIATE_TEST_SUITE_P(Kernels, Recordings,
                         ::testing::Values(Recording{KernelId::linux_6_12, "linux-6.12/boot1.txt"},
                                           Recording{KernelId::linux_6_12, "linux-6.12/boot2.txt"},
                                           Recording{KernelId::linux_6_12, "linux-6.12/boot3.txt"},
                                           Recording{KernelId::linux_6_12, "linux-6.12/boot4.txt"},
                                           Recording{KernelId::linux_7_3, "linux-7.3/boot1.txt"},
                                           Recording{KernelId::linux_7_3, "linux-7.3/boot2.txt"},
                                           Recording{KernelId::linux_7_3, "linux-7.3/boot3.txt"},
                                           Recording{KernelId::linux_7_3, "linux-7.3/boot4.txt"}));

} // namespace
} // namespace daxemu::cxl
