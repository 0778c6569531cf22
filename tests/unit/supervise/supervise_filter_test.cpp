// The filter, run here as the kernel would: which calls are told of, and which go on.
#include "runtime/supervise/install/filter.hpp"

#include <algorithm>
#include <cstring>
#include <map>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "runtime/calls/tables.hpp"
#include "runtime/supervise/answers/shapes.hpp"

namespace daxemu::supervise {
namespace {

constexpr Numbers kNumbers{768};

// Classic BPF, as far as a seccomp filter may have it.
std::uint32_t run_filter(const std::vector<sock_filter>& code, const seccomp_data& data) {
  std::uint32_t accumulator = 0;
  for (std::size_t at = 0; at < code.size(); ++at) {
    const sock_filter& one = code[at];
    bool taken = false;
    switch (one.code) {
    case BPF_LD | BPF_W | BPF_ABS:
      std::memcpy(&accumulator, reinterpret_cast<const char*>(&data) + one.k, sizeof accumulator);
      continue;
    case BPF_RET | BPF_K:
      return one.k;
    case BPF_JMP | BPF_JA:
      at += one.k;
      continue;
    case BPF_JMP | BPF_JEQ | BPF_K:
      taken = accumulator == one.k;
      break;
    case BPF_JMP | BPF_JGE | BPF_K:
      taken = accumulator >= one.k;
      break;
    case BPF_JMP | BPF_JGT | BPF_K:
      taken = accumulator > one.k;
      break;
    case BPF_JMP | BPF_JSET | BPF_K:
      taken = (accumulator & one.k) != 0;
      break;
    default:
      ADD_FAILURE() << "no such instruction: " << one.code;
      return 0;
    }
    at += taken ? one.jt : one.jf;
  }
  ADD_FAILURE() << "past the end";
  return 0;
}

bool is_told(int number, std::initializer_list<std::uint64_t> words, std::uint32_t arch = AUDIT_ARCH_X86_64) {
  static const std::vector<sock_filter> code = filter_program(kNumbers);
  seccomp_data data{};
  data.nr = number;
  data.arch = arch;
  std::size_t at = 0;
  for (const std::uint64_t word : words) {
    data.args[at++] = word;
  }
  const std::uint32_t verdict = run_filter(code, data);
  EXPECT_TRUE(verdict == SECCOMP_RET_ALLOW || verdict == SECCOMP_RET_USER_NOTIF);
  return verdict == SECCOMP_RET_USER_NOTIF;
}

TEST(SuperviseFilter, FitsAndAllItsJumpsStayInside) {
  const auto code = filter_program(kNumbers);
  EXPECT_LE(code.size(), std::size_t{BPF_MAXINSNS});
  for (std::size_t at = 0; at < code.size(); ++at) {
    if (BPF_CLASS(code[at].code) == BPF_JMP) {
      const bool always = BPF_OP(code[at].code) == BPF_JA;
      EXPECT_LT(at + 1 + (always ? code[at].k : std::max(code[at].jt, code[at].jf)), code.size());
    }
  }
}

TEST(SuperviseFilter, TellsOfEveryCallByPathAndOfNothingElseOfOneNumber) {
  for (int number = 0; number < 512; ++number) {
    const Shape* shape = shape_of(number);
    EXPECT_EQ(is_told(number, {5, 5, 5, MAP_PRIVATE, 5, 5}),
              shape != nullptr && (shape->told == Told::always || shape->told == Told::empty_third ||
                                   shape->told == Told::empty_fourth))
        << number;
  }
}

TEST(SuperviseFilter, KnowsDescriptorsByTheirNumbers) {
  for (const std::uint64_t told : {0, 1, 2, 768, 100000}) {
    EXPECT_TRUE(is_told(SYS_read, {told})) << told;
  }
  for (const std::uint64_t passes : {3ULL, 767ULL, 0xffffffffULL, ~0ULL}) { // AT_FDCWD's kin are no numbers
    EXPECT_FALSE(is_told(SYS_read, {passes})) << passes;
  }
  EXPECT_TRUE(is_told(SYS_copy_file_range, {5, 0, 768}));
  EXPECT_FALSE(is_told(SYS_copy_file_range, {5, 0, 6}));
}

TEST(SuperviseFilter, TellsOfMappingsThatMayBeADevices) {
  const auto map = [](std::uint64_t at, unsigned flags, std::uint64_t fd) {
    return is_told(SYS_mmap, {at, 4096, PROT_READ, flags, fd, 0});
  };
  EXPECT_TRUE(map(0, MAP_SHARED, 5)) << "a descriptor may have come by a socket";
  EXPECT_TRUE(map(0, MAP_PRIVATE, 768));
  EXPECT_FALSE(map(0, MAP_PRIVATE, 5)) << "a library";
  EXPECT_FALSE(map(0, MAP_PRIVATE | MAP_ANONYMOUS, ~0ULL));
  EXPECT_FALSE(map(0, MAP_SHARED | MAP_ANONYMOUS, ~0ULL));
  EXPECT_FALSE(map(kMmapArea, MAP_PRIVATE | MAP_FIXED, 5)) << "the loader's";
  EXPECT_TRUE(map(kArenaStart, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, ~0ULL)) << "over a device";
  EXPECT_FALSE(map(kArenaStart, MAP_SHARED | MAP_FIXED, std::uint64_t{kOwnCall} << 32U | 5)) << "the supervisor's own";
}

TEST(SuperviseFilter, LeavesHeapsAlone) {
  for (const int number : {SYS_munmap, SYS_mprotect, SYS_madvise, SYS_mremap}) {
    EXPECT_TRUE(is_told(number, {kArenaStart, 4096})) << number;
    EXPECT_TRUE(is_told(number, {kArenaEnd - 4096, 4096})) << number;
    EXPECT_TRUE(is_told(number, {0x7fff'f000'0000, 4096})) << number;
    EXPECT_FALSE(is_told(number, {0xc0'0000'0000, 4096})) << "Go's heap " << number;
    EXPECT_FALSE(is_told(number, {0x5555'5555'0000, 4096})) << "brk(2)'s " << number;
    EXPECT_FALSE(is_told(number, {kArenaEnd, 4096})) << number;
    EXPECT_FALSE(is_told(number, {kArenaStart, 4096, 0, 0, 0, kOwnCall})) << number;
    EXPECT_TRUE(is_told(number, {kLowStart, 4096})) << number;
    EXPECT_FALSE(is_told(number, {kLowStart - 4096, 4096})) << number;
    EXPECT_FALSE(is_told(number, {kLowEnd, 4096})) << number;
  }
  EXPECT_TRUE(is_told(SYS_mremap, {0x1000, 4096, 4096, MREMAP_FIXED, kArenaStart}));
}

TEST(SuperviseFilter, PassesWhatIsOfADescriptorThatIsNotOurs) {
  constexpr std::uint64_t kHere = 0xffffff9c; // AT_FDCWD
  for (const std::uint64_t told : {std::uint64_t{0}, std::uint64_t{768}, kHere}) {
    EXPECT_TRUE(is_told(SYS_newfstatat, {told, 0, 0, AT_EMPTY_PATH})) << told;
    EXPECT_TRUE(is_told(SYS_statx, {told, 0, AT_EMPTY_PATH})) << told;
  }
  EXPECT_FALSE(is_told(SYS_newfstatat, {5, 0, 0, AT_EMPTY_PATH | AT_NO_AUTOMOUNT}));
  EXPECT_FALSE(is_told(SYS_statx, {767, 0, AT_EMPTY_PATH}));
  EXPECT_TRUE(is_told(SYS_newfstatat, {5, 0, 0, AT_SYMLINK_NOFOLLOW}));
  EXPECT_TRUE(is_told(SYS_statx, {5, 0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH}));
}

TEST(SuperviseFilter, TellsOfRangesThatAUserfaultfdIsToHave) {
  EXPECT_TRUE(is_told(SYS_ioctl, {5, UFFDIO_REGISTER, 0}));
  EXPECT_TRUE(is_told(SYS_ioctl, {5, UFFDIO_UNREGISTER, 0}));
  EXPECT_FALSE(is_told(SYS_ioctl, {5, UFFDIO_REGISTER, 0, 0, 0, kOwnCall}));
  EXPECT_FALSE(is_told(SYS_ioctl, {5, UFFDIO_COPY, 0}));
  EXPECT_TRUE(is_told(SYS_ioctl, {768, UFFDIO_COPY, 0}));
}

TEST(SuperviseFilter, IsOfThisMachinesCallsOnly) {
  EXPECT_FALSE(is_told(SYS_open, {0}, AUDIT_ARCH_I386));
  EXPECT_FALSE(is_told(SYS_open | 0x40000000, {0})) << "x32";
}

// One table of calls behind both ways of interception.
TEST(SuperviseShapes, AreOfCallsThatTheTableSaysAreHandled) {
  std::map<int, calls::Answer> table;
  for (const calls::Call& call : calls::kCalls) {
    if (call.number != calls::kNoNumber) {
      table[call.number] = call.answer;
    }
  }
  for (const Shape& shape : shapes()) {
    ASSERT_TRUE(table.contains(shape.number)) << shape.number;
    EXPECT_EQ(table[shape.number], calls::Answer::handled) << shape.number;
    EXPECT_LE(shape.arguments.size(), 6U) << shape.number;
    EXPECT_EQ(&shape, shape_of(shape.number)) << "twice: " << shape.number;
  }
}

// Each row of the table that is handled says of programs answered from outside either how, or why not.
TEST(SuperviseShapes, LeaveNoHandledCallUnsaid) {
  std::map<std::string_view, int> said;
  for (const calls::Inside& reason : calls::kInside) {
    std::string_view rest = reason.names;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(' '), rest.size());
      ++said[rest.substr(0, end)];
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  for (const calls::Call& call : calls::kCalls) {
    if (call.answer == calls::Answer::handled && call.number != calls::kNoNumber) {
      const int how = said[call.name] + (shape_of(call.number) != nullptr ? 1 : 0);
      EXPECT_EQ(how, 1) << call.name << ": a DAXEMU_OUTSIDE behind its row, or its name in calls/inside.def";
      said.erase(call.name);
    }
  }
  for (const auto& [name, count] : said) {
    ADD_FAILURE() << name << " is in calls/inside.def, and no call of that name is handled";
  }
}

} // namespace
} // namespace daxemu::supervise
