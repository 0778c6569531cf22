// What a program asked of /dev/cxl/memN in guests of Linux 6.12.117 and 7.3.4 (QEMU 10.0), which answered alike: every
// command in several forms, good and bad, and every byte of the answers.
#include <array>
#include <cstdlib>
#include <fstream>
#include <regex>

#include "emu/cxl/mailbox/mailbox.hpp"
#include "tests/unit/cxl/mailbox_lab.hpp"
#include "tests/unit/printed_kinds.hpp"

namespace daxemu::cxl {
namespace {

constexpr std::size_t kRoom = 1U << 21U; // bytes of a program's buffer
constexpr unsigned char kUntouched = 0xee;

// "00ff" of bytes.
std::string hex(const unsigned char* bytes, std::size_t count) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text;
  for (std::size_t at = 0; at < count; ++at) {
    text += kDigits[bytes[at] >> 4U];
    text += kDigits[bytes[at] & 0xfU];
  }
  return text;
}
std::vector<unsigned char> bytes_of(const std::string& text) {
  std::vector<unsigned char> bytes;
  for (std::size_t at = 0; at + 1 < text.size(); at += 2) {
    bytes.push_back(static_cast<unsigned char>(std::stoul(text.substr(at, 2), nullptr, 16)));
  }
  return bytes;
}
// In the transcript "z36z" are 36 bytes of zeroes.
std::string expanded(const std::string& text) {
  const std::regex zeroes("z([0-9]+)z");
  std::string out;
  std::string rest = text;
  for (std::smatch found; std::regex_search(rest, found, zeroes); rest = found.suffix()) {
    out += found.prefix().str() + std::string(2 * std::stoul(found[1]), '0');
  }
  return out + rest;
}

std::string name_of_result(const Result<void>& result) {
  return result ? "r=0 0" : std::string("r=-1 ") + ::strerrorname_np(result.error().value);
}

class Transcript : public testing::TestWithParam<KernelId> {
protected:
  // The line that the program of the guest would have written here.
  std::string send(const std::string& asked) {
    const std::regex form(R"(SEND id=(\d+) flags=(\w+) raw=(\w+)/(\w+) in=(\d+)\[([0-9a-f]*)\] out=(\d+))");
    std::smatch word;
    if (!std::regex_match(asked, word, form)) {
      return "cannot read: " + asked;
    }
    const auto number = [&word](std::size_t at) {
      return static_cast<std::uint32_t>(std::stoull(word[at].str(), nullptr, 0));
    };
    const std::vector<unsigned char> in = bytes_of(word[6]);
    out.assign(kRoom, kUntouched);
    SendCommand command{
        .id = number(1),
        .flags = number(2),
        .raw_opcode = static_cast<std::uint16_t>(number(3)),
        .raw_reserved = static_cast<std::uint16_t>(number(4)),
        .in = {.size = static_cast<std::int32_t>(number(5)), .address = in.empty() ? 0 : address_of(in.data())},
        .out = {.size = static_cast<std::int32_t>(number(7)), .address = address_of(out.data())}};
    const auto result = control_memdev(lab.store, *memdev, kSendCommand, address_of(&command), lab.memory);
    const std::size_t got = result ? static_cast<std::size_t>(command.out.size) : 0;
    return name_of_result(result) + " retval=" + std::to_string(command.retval) +
           " out.size=" + std::to_string(command.out.size) + " [" + hex(out.data(), got) + "]";
  }

  // The first line, and one for each command that the kernel told of.
  std::vector<std::string> query(std::uint32_t count) {
    struct {
      QueryHeader header;
      std::array<CommandInfo, 64> commands;
    } asked{};
    asked.header.n_commands = count;
    const auto result = control_memdev(lab.store, *memdev, kQueryCommands, address_of(&asked), lab.memory);
    std::vector<std::string> lines{"QUERY n=" + std::to_string(count) + " -> " + name_of_result(result) +
                                   " n_commands=" + std::to_string(asked.header.n_commands) + " rsvd=0"};
    for (std::uint32_t at = 0; at < std::min(count, 25U); ++at) {
      const CommandInfo& one = asked.commands[at];
      std::array<char, 96> text{};
      std::snprintf(text.data(), text.size(), "  id=%u flags=%#x in=%d out=%d", one.id, one.flags,
                    static_cast<int>(one.size_in), static_cast<int>(one.size_out));
      lines.emplace_back(text.data());
    }
    return lines;
  }

  MailboxLab lab{false, GetParam()};
  CxlMemdevRecord* memdev = nullptr;
  std::vector<unsigned char> out;
};

TEST_P(Transcript, IsTheGuests) {
  std::ifstream file(DAXEMU_SOURCE_DIR "/tests/unit/cxl/mailbox_guest.txt");
  ASSERT_TRUE(file);
  std::size_t compared = 0;
  std::vector<std::string> told; // of a query, still to be compared
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("DEVICE ")) {
      memdev = &lab.memdev(line.substr(7));
      continue;
    }
    ASSERT_NE(memdev, nullptr);
    if (line.starts_with("QUERY n=")) {
      EXPECT_TRUE(told.empty()) << "not in the guest: " << told.front();
      told = query(static_cast<std::uint32_t>(std::stoul(line.substr(8))));
    }
    if (line.starts_with("SEND")) {
      const std::string whole = expanded(line);
      const std::size_t arrow = whole.find(" -> ");
      const std::string expected = whole.substr(arrow + 4);
      std::string mine = send(whole.substr(0, arrow));
      if (expected.ends_with("[time]")) {
        mine = std::regex_replace(mine, std::regex(R"(\[[0-9a-f]{16}\])"), "[time]");
      }
      EXPECT_EQ(mine, expected) << memdev->id << ": " << whole.substr(0, arrow);
    } else {
      ASSERT_FALSE(told.empty()) << line;
      EXPECT_EQ(told.front(), line);
      told.erase(told.begin());
    }
    ++compared;
  }
  EXPECT_EQ(compared, 604U);
}

INSTANTIATE_TEST_SUITE_P(Kernels, Transcript, testing::Values(KernelId::linux_6_12, KernelId::linux_7_3));

} // namespace
} // namespace daxemu::cxl
