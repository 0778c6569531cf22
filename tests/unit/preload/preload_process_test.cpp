// What programs do to their descriptors and their children's environment.
#include <set>
#include <string>
#include <vector>

#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/fault/process/private_fds.hpp"
#include "runtime/preload/files/fd_calls.hpp"
#include "runtime/preload/ground/own_process.hpp"
#include "runtime/preload/names/exec_environment.hpp"
#include "runtime/preload/nodes/caller.hpp"
#include "runtime/preload/procfs/proc_files.hpp"
#include "tests/unit/preload/preload_support.hpp"

namespace daxemu::preload {
namespace {

constexpr const char* kLibrary = "/opt/lib/libdaxemu-preload.so";

std::vector<std::string> child_environment(const std::vector<std::string>& own, const std::vector<std::string>& childs,
                                           std::string_view directory = {}) {
  const auto pointers_to = [](const std::vector<std::string>& all) {
    std::vector<char*> pointers;
    pointers.reserve(all.size() + 1);
    for (const std::string& variable : all) {
      pointers.push_back(const_cast<char*>(variable.c_str()));
    }
    pointers.push_back(nullptr);
    return pointers;
  };
  ExecEnvironment environment;
  environment.remember(pointers_to(own).data(), kLibrary);
  auto given = pointers_to(childs);
  const auto size = environment.size_for(given.data());
  std::vector<char*> table(size.pointers);
  std::vector<char> text(size.text);
  std::vector<std::string> result;
  for (char* const* at = environment.with(given.data(), directory, table.data(), text.data()); *at != nullptr; ++at) {
    result.emplace_back(*at);
  }
  return result;
}

const std::string kPreload = std::string("LD_PRELOAD=") + kLibrary;
const std::string kPlatform = "DAXEMU_PLATFORM=/proc/1/fd/3";

TEST(ExecEnvironment, PassesACompleteOneOn) {
  const std::vector<std::string> complete = {kPreload, kPlatform, "HOME=/root"};
  EXPECT_EQ(child_environment(complete, complete), complete);
}

TEST(ExecEnvironment, PutsBackWhatWasDropped) {
  EXPECT_EQ(child_environment({kPreload, kPlatform, "HOME=/root"}, {}),
            (std::vector<std::string>{kPreload, kPlatform}));
  EXPECT_EQ(child_environment({kPreload, kPlatform}, {"A=1"}), (std::vector<std::string>{"A=1", kPreload, kPlatform}));
}

TEST(ExecEnvironment, JoinsAnotherPreload) {
  EXPECT_EQ(child_environment({kPreload, kPlatform}, {"LD_PRELOAD=/x.so", kPlatform}),
            (std::vector<std::string>{kPreload + ":/x.so", kPlatform}));
  EXPECT_EQ(child_environment({kPreload, kPlatform}, {"LD_PRELOAD=", kPlatform}),
            (std::vector<std::string>{kPreload, kPlatform}));
}

TEST(ExecEnvironment, CarriesTheWorkingDirectoryOnlyWhileItHolds) {
  EXPECT_EQ(child_environment({kPreload}, {kPreload, "DAXEMU_CWD=/sys/bus/dax"}), (std::vector<std::string>{kPreload}));
  EXPECT_EQ(child_environment({kPreload}, {kPreload, "DAXEMU_CWD=/old"}, "/sys/bus/dax"),
            (std::vector<std::string>{kPreload, "DAXEMU_CWD=/sys/bus/dax"}));
}

TEST(ExecEnvironment, KeepsAPlatformThatTheChildIsGiven) {
  EXPECT_EQ(child_environment({kPreload, kPlatform}, {kPreload, "DAXEMU_PLATFORM=lab"}),
            (std::vector<std::string>{kPreload, "DAXEMU_PLATFORM=lab"}));
}

TEST(FdCalls, SpareTheRuntimesDescriptors) {
  auto kept = fault::PrivateFds::adopt(UniqueFd(::dup(0)));
  ASSERT_TRUE(kept);
  const int fd = kept->get();
  const auto never = [] {
    ADD_FAILURE() << "the kernel was asked";
    return 0;
  };
  EXPECT_EQ(close_descriptor(fd, never), -1);
  EXPECT_EQ(errno, EBADF);
  EXPECT_EQ(duplicate_onto(0, fd, never), -1);
  EXPECT_EQ(errno, EBADF);
  std::vector<std::pair<unsigned, unsigned>> closed;
  const auto record = [&closed](unsigned first, unsigned last) {
    closed.emplace_back(first, last);
    return 0;
  };
  const auto number = static_cast<unsigned>(fd);
  EXPECT_EQ(close_range_of(number, number, 0, record), 0);
  EXPECT_TRUE(closed.empty());
  EXPECT_EQ(close_range_of(number - 3, ~0U, 0, record), 0);
  std::set<unsigned> spared = {number - 3, number - 2, number - 1, number, number + 1};
  for (const auto& [first, last] : closed) {
    std::erase_if(spared, [from = first, to = last](unsigned one) { return from <= one && one <= to; });
  }
  EXPECT_TRUE(spared.contains(number));
  for (const unsigned one : spared) {
    EXPECT_TRUE(fault::PrivateFds::owns(static_cast<int>(one))) << one;
  }
  EXPECT_EQ(closed.back().second, ~0U);
  fault::PrivateFds::forget(fd);
}

TEST(FdCalls, ForgetNumbersThatMayMeanSomethingElse) {
  FdTable::set(50, FdClass::foreign);
  EXPECT_EQ(close_descriptor(50, [] { return 0; }), 0);
  EXPECT_EQ(FdTable::get(50), FdClass::unknown);
  FdTable::set(50, FdClass::foreign);
  EXPECT_EQ(duplicate_onto(0, 50, [] { return 50; }), 50);
  EXPECT_EQ(FdTable::get(50), FdClass::unknown);
  FdTable::set(60, FdClass::foreign);
  EXPECT_EQ(close_range_of(55, 65, 0, [](unsigned, unsigned) { return 0; }), 0);
  EXPECT_EQ(FdTable::get(60), FdClass::unknown);
}

int exit_status_of(pid_t child) {
  int status = 0;
  return ::waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(OwnProcess, IsNotAVforkedChildButAForkedOne) {
  OwnProcess::adopt();
  FdTable::set(70, FdClass::unknown);
  EXPECT_TRUE(OwnProcess::calls());
  OwnProcess::lend();      // as the hook of vfork does
  pid_t child = ::vfork(); // NOLINT(clang-analyzer-security.insecureAPI.vfork): what is asked about
  if (child == 0) {
    FdTable::set(70, FdClass::foreign); // NOLINT(clang-analyzer-unix.Vfork)
    ::_exit(OwnProcess::calls() ? 1 : 0);
  }
  EXPECT_EQ(exit_status_of(child), 0);
  EXPECT_EQ(FdTable::get(70), FdClass::unknown) << "the child's number, in its parent's memory";
  child = ::_Fork();
  if (child == 0) {
    ::_exit(OwnProcess::calls() ? 0 : 1);
  }
  EXPECT_EQ(exit_status_of(child), 0);
  EXPECT_TRUE(OwnProcess::calls());
}

TEST(Caller, IsWhoTheKernelSaysItIs) {
  const Caller caller;
  EXPECT_EQ(caller.credentials().uid, ::geteuid());
  EXPECT_EQ(caller.credentials().gid, ::getegid());
  EXPECT_EQ(Caller::file_system_uid(), ::geteuid());
  const pid_t child = ::fork();
  if (child == 0) { // root in name only: no capability for access(2)'s real user either
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
    ::syscall(SYS_capset, &header, none);
    ::_exit(Caller().credentials().capabilities == 0 && Caller(Caller::As::real).credentials().capabilities == 0 ? 0
                                                                                                                 : 1);
  }
  EXPECT_EQ(exit_status_of(child), 0);
}

TEST(ProcFiles, NamesTheDevice) {
  EXPECT_TRUE(ProcFiles::is_one("/proc/self/maps"));
  EXPECT_TRUE(ProcFiles::is_one("/proc/12/smaps"));
  EXPECT_FALSE(ProcFiles::is_one("/proc/self/mapsx"));
  EXPECT_FALSE(ProcFiles::is_one("/tmp/maps"));
  const ProcFiles maps({context().store(), context().tree(), context().mappings()});
  void* mapped = ::mmap(nullptr, kPmdSize, PROT_READ, MAP_SHARED, backing(), 0);
  ASSERT_NE(mapped, MAP_FAILED);
  void* kept = ::mmap(nullptr, kPageSize, PROT_NONE, MAP_PRIVATE, node().fd.get(), 0); // as fault::OpenFiles does
  ASSERT_NE(kept, MAP_FAILED);
  const auto fd = maps.open("/proc/self/maps", O_RDONLY);
  ASSERT_TRUE(fd && *fd >= 0);
  std::string text;
  char bytes[4096];
  for (ssize_t got = 0; (got = ::read(*fd, bytes, sizeof bytes)) > 0;) {
    text.append(bytes, static_cast<std::size_t>(got));
  }
  EXPECT_NE(text.find(" /dev/dax0.0\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("/memfd:dax0.0"), std::string::npos);
  ::munmap(kept, kPageSize);
  ::munmap(mapped, kPmdSize);
  ::close(*fd);
}

} // namespace
} // namespace daxemu::preload
