// What a kernel answered to reads and writes of the cxl bus's attributes, in the order in which it was asked, asked of
// the tree: `W file < "text" = ok` or an errno, `R file = "text"` (tests/unit/cxl/linux-6.12).
#include <cstring>
#include <fstream>

#include "tests/unit/sysfs/cxl_lab.hpp"

namespace daxemu::sysfs {
namespace {

struct Line {
  char kind = ' ';
  std::string file;
  std::string text; // written
  std::string answer;
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

bool parse(const std::string& text, Line& line) {
  const std::size_t end = text.find(' ', 2);
  const std::size_t equals = text.rfind(" = ");
  if ((!text.starts_with("W ") && !text.starts_with("R ")) || end == std::string::npos || equals == std::string::npos ||
      equals < end) {
    return false;
  }
  line = {.kind = text[0], .file = text.substr(2, end - 2), .text = "", .answer = text.substr(equals + 3)};
  if (line.kind == 'W') {
    line.text = unquoted(text.substr(end + 3, equals - end - 3));
  }
  return true;
}

std::string path_of(const std::string& file) {
  if (file.starts_with("drivers/cxl_pci/")) {
    return "/sys/bus/pci/" + file;
  }
  const bool is_bus = file.starts_with("drivers") || file == "flush";
  return (is_bus ? "/sys/bus/cxl/" : "/sys/bus/cxl/devices/") + file;
}

std::string answer_of(const CxlLab& lab, const Line& line) {
  const std::string path = path_of(line.file);
  if (line.kind == 'R') {
    const std::string text = lab.read(path);
    return text.starts_with("errno ") ? ::strerrorname_np(std::stoi(text.substr(6))) : text;
  }
  const int error = lab.write(path, line.text);
  return error == 0 ? "ok" : ::strerrorname_np(error);
}

class CxlRecording : public ::testing::TestWithParam<const char*> {};
TEST_P(CxlRecording, IsAnswered) {
  std::ifstream file(std::string(DAXEMU_SOURCE_DIR "/tests/unit/cxl/linux-6.12/") + GetParam());
  ASSERT_TRUE(file);
  const CxlLab lab;
  cxl::decoder_named(lab.store, "decoder0.0").start = 0xa90000000;
  cxl::decoder_named(lab.store, "decoder0.1").start = 0xb90000000;
  int number = 0;
  int asked = 0;
  Line line;
  for (std::string text; std::getline(file, text);) {
    ++number;
    if (!parse(text, line)) {
      continue;
    }
    ++asked;
    const std::string answer = answer_of(lab, line);
    const std::string raw = line.answer.starts_with("open:") ? line.answer.substr(5) : line.answer;
    EXPECT_EQ(answer, raw.starts_with('"') ? unquoted(raw) : raw) << GetParam() << ":" << number << ": " << text;
  }
  EXPECT_GT(asked, 400);
}
INSTANTIATE_TEST_SUITE_P(Boots, CxlRecording, ::testing::Values("boot1.txt", "boot2.txt", "boot3.txt", "boot4.txt"));

} // namespace
} // namespace daxemu::sysfs
