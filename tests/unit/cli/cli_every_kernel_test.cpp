// One command on every kernel: what is refused, what is kept of its output, the table that is made of it.
#include "runtime/cli/kernels/every_kernel.hpp"

#include <array>
#include <csignal>
#include <cstdlib>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "runtime/cli/kernels/capture.hpp"

namespace daxemu::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr int exited(int code) {
  return code << 8;
}

KernelRun ended(std::string kernel, int status) {
  KernelRun run;
  run.kernel = std::move(kernel);
  run.end = ChildEnd{.status = status};
  return run;
}

KernelTable example() {
  KernelTable table{{"app", "-x"}, {ended("6.1", 0), ended("6.12", SIGBUS), ended("7.3", exited(3))}};
  table.runs[0].counted.faults = 513;
  table.runs[1].counted = {.faults = 12, .extents = 11, .sigbus = 1};
  table.runs[1].differences = {Difference{"stdout", {4, "reads ok"}, {5, std::nullopt}}};
  return table;
}

TEST(EveryKernel, ThereIsAPlanForEachProfileInItsOrder) {
  StageFlags flags;
  flags.device.kernel = kEveryKernel;
  flags.device.size = "64M";
  const auto plans = every_kernel_plans(flags);
  ASSERT_TRUE(plans) << plans.error().what;
  ASSERT_EQ(plans->size(), kProfiles.size());
  for (std::size_t at = 0; at < plans->size(); ++at) {
    EXPECT_EQ(plans->at(at).platform.kernel, kProfiles.at(at).id);
    EXPECT_EQ(plans->at(at).platform.regions.at(0).devices.at(0).size, 64ULL << 20);
    EXPECT_EQ(plans->at(at).mode, kernel::Mode::emulate) << "a real device has one kernel";
  }
}

struct RefusedRow {
  const char* name;
  void (*set)(StageFlags&);
  const char* what;
  const char* remedy;
};
void PrintTo(const RefusedRow& row, std::ostream* out) {
  *out << row.name;
}
class Refused : public ::testing::TestWithParam<RefusedRow> {};
TEST_P(Refused, NamesBothWordsAndARemedy) {
  StageFlags flags;
  flags.device.kernel = kEveryKernel;
  GetParam().set(flags);
  const auto plans = every_kernel_plans(flags);
  ASSERT_FALSE(plans);
  EXPECT_THAT(plans.error().what, HasSubstr(GetParam().what));
  EXPECT_THAT(plans.error().what, HasSubstr("--kernel all"));
  EXPECT_THAT(plans.error().remedy, HasSubstr(GetParam().remedy));
}
INSTANTIATE_TEST_SUITE_P(
    Rows, Refused,
    ::testing::Values(
        RefusedRow{"named", [](StageFlags& flags) { flags.platform = "lab"; }, "platform lab", "--platform"},
        RefusedRow{"mode", [](StageFlags& flags) { flags.mode = "kernel"; }, "mode kernel", "--mode emulate"},
        RefusedRow{"image", [](StageFlags& flags) { flags.device.image = "/no/such/disk.img"; }, "/no/such/disk.img",
                   "--snapshot"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(KernelTable, TextHasALinePerKernelAndBothLinesOfADifference) {
  const std::string text = kernel_table_text(example());
  EXPECT_THAT(text, HasSubstr(" kernel      exit      faults      SIGBUS  output\n"));
  EXPECT_THAT(text, HasSubstr(" 6.1            0         513           0\n"));
  EXPECT_THAT(text, HasSubstr(" 6.12      SIGBUS          12           1  differs in line 5 of stdout\n"));
  EXPECT_THAT(text, HasSubstr(" 7.3            3           0           0  the same\n"));
  EXPECT_THAT(text, HasSubstr("the first line of stdout that differs on 6.12:\n"
                              "  6.1      4: reads ok\n"
                              "  6.12     5: (nothing more)\n"));
}

TEST(KernelTable, TextShowsOfALongLineWhereItDiffers) {
  KernelTable table = example();
  const std::string same(5000, 'x');
  table.runs[1].differences = {Difference{"stderr", {1, same + "left" + same}, {1, same + "right\x1b" + same}}};
  const std::string text = kernel_table_text(table);
  EXPECT_THAT(text, HasSubstr("xleftx"));
  EXPECT_THAT(text, HasSubstr("xright\\x1bx"));
  EXPECT_LT(text.size(), 1500U);
}

TEST(KernelTable, TextSaysWhatWasNotRunOrNotComparedInFull) {
  KernelTable table = example();
  table.runs[1].end->asked_to_end = SIGINT;
  table.runs[1].differences.clear();
  table.runs[2].end.reset();
  EXPECT_THAT(kernel_table_text(table), HasSubstr("ended before its time\n"));
  EXPECT_THAT(kernel_table_text(table), HasSubstr(" 7.3      not run\n"));
  table.runs[2] = ended("7.3", 0);
  table.runs[2].whole = false;
  EXPECT_THAT(kernel_table_text(table), HasSubstr("the same as far as it was kept\n"));
}

TEST(KernelTable, JsonHoldsTheSame) {
  KernelTable table = example();
  table.runs[1].differences[0].first.text = "no UTF-8: \xff";
  const auto json = nlohmann::json::parse(kernel_table_json(table));
  EXPECT_EQ(json["command"], (std::vector<std::string>{"app", "-x"}));
  EXPECT_EQ(json["exit_code"], 128 + SIGBUS);
  const auto& first = json["kernels"].at(0);
  EXPECT_EQ(first["kernel"], "6.1");
  EXPECT_EQ(first["exit_code"], 0);
  EXPECT_EQ(first["signal"], nullptr);
  EXPECT_EQ(first["faults"], 513);
  EXPECT_EQ(first["differences"], nlohmann::json::array());
  const auto& second = json["kernels"].at(1);
  EXPECT_EQ(second["signal"], "SIGBUS");
  EXPECT_EQ(second["sigbus"], 1);
  EXPECT_EQ(second["differences"][0]["stream"], "stdout");
  EXPECT_EQ(second["differences"][0]["first"]["line"], 4);
  EXPECT_EQ(second["differences"][0]["here"]["text"], nullptr);
  table.runs[2].end.reset();
  EXPECT_EQ(nlohmann::json::parse(kernel_table_json(table))["kernels"].at(2),
            (nlohmann::json{{"kernel", "7.3"}, {"ran", false}}));
}

TEST(KernelTable, EndsLikeTheFirstThatFailed) {
  EXPECT_EQ(example().end().status, SIGBUS);
  EXPECT_EQ((KernelTable{{}, {ended("6.1", 0), ended("6.12", 0)}}).end().status, 0);
  EXPECT_EQ((KernelTable{{}, {ended("6.1", 0), ended("6.12", exited(9)), ended("7.3", exited(4))}}).end().status,
            exited(9));
}

TEST(KernelTable, AnEndOnRequestIsNoSuccess) {
  KernelTable table{{}, {ended("6.1", 0), KernelRun{}}};
  table.runs[0].end->asked_to_end = SIGTERM;
  EXPECT_EQ(table.end().status, SIGTERM);
}

TEST(Capture, KeepsBothStreamsAndLetsGoOfThoseWhoPrintOn) {
  auto capture = Capture::start(false);
  ASSERT_TRUE(capture) << capture.error().what;
  const Streams streams = (*capture)->streams();
  const UniqueFd other(::dup(streams.output)); // of a process that outlives the command
  const std::string much(300'000, 'o');        // more than a pipe holds: somebody reads meanwhile
  ASSERT_EQ(::write(streams.output, much.data(), much.size()), static_cast<ssize_t>(much.size()));
  ASSERT_EQ(::write(streams.error, "e\n", 2), 2);
  const Outputs outputs = (*capture)->finish();
  EXPECT_EQ(outputs.out.text, much);
  EXPECT_EQ(outputs.error.text, "e\n");
  EXPECT_TRUE(outputs.out.whole);
  EXPECT_FALSE((*capture)->is_unheard());
}

TEST(Capture, KeepsNoMoreThanItSays) {
  auto capture = Capture::start(false);
  ASSERT_TRUE(capture) << capture.error().what;
  const std::string some(1U << 20U, 'x');
  for (std::size_t written = 0; written <= Capture::kKept; written += some.size()) {
    ASSERT_EQ(::write((*capture)->streams().output, some.data(), some.size()), static_cast<ssize_t>(some.size()));
  }
  const Outputs outputs = (*capture)->finish();
  EXPECT_EQ(outputs.out.text.size(), Capture::kKept);
  EXPECT_FALSE(outputs.out.whole);
  EXPECT_TRUE(outputs.error.whole);
}

// The command's streams, for as long as it lives, are what a pipe of a shell is.
TEST(Capture, TheCommandLearnsThatNobodyListens) {
  const UniqueFd before(::dup(STDOUT_FILENO));
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  ::close(ends[0]);
  ::dup2(ends[1], STDOUT_FILENO);
  ::close(ends[1]);
  auto* const old = ::signal(SIGPIPE, SIG_IGN);
  auto capture = Capture::start(true);
  ASSERT_TRUE(capture) << capture.error().what;
  ssize_t wrote = 0;
  for (int attempt = 0; wrote >= 0 && attempt < 1000; ++attempt) {
    wrote = ::write((*capture)->streams().output, "x", 1);
    ::usleep(1000);
  }
  const int code = errno;
  ::dup2(before.get(), STDOUT_FILENO);
  ::signal(SIGPIPE, old);
  EXPECT_EQ(wrote, -1);
  EXPECT_EQ(code, EPIPE);
  EXPECT_TRUE((*capture)->is_unheard());
}

} // namespace
} // namespace daxemu::cli
