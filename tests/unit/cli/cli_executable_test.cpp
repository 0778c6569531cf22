// Which commands can run under the preload library, and what is said of those that cannot.
#include "runtime/cli/stage/executable.hpp"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace daxemu::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Executable : public ::testing::Test {
protected:
  void SetUp() override {
    char name[] = "/tmp/daxemu-executable-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    dir_ = name;
  }
  void TearDown() override { fs::remove_all(dir_); }

  std::string file(const std::string& name, const std::string& bytes, mode_t mode = 0755) {
    const fs::path path = dir_ / name;
    std::ofstream(path, std::ios::binary) << bytes;
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    return path;
  }
  // The head of an ELF program with one segment.
  static std::string elf(unsigned char file_class, Elf64_Half machine, Elf64_Word segment_type) {
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = file_class;
    header.e_type = ET_EXEC;
    header.e_machine = machine;
    header.e_phoff = sizeof(header);
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = 1;
    Elf64_Phdr segment{};
    segment.p_type = segment_type;
    std::string bytes(reinterpret_cast<const char*>(&header), sizeof(header));
    return bytes + std::string(reinterpret_cast<const char*>(&segment), sizeof(segment));
  }
  void expect_refused(const std::string& command, int code, const std::string& words) {
    const auto found = find_executable(command);
    ASSERT_FALSE(found) << command << " is let pass as " << *found;
    EXPECT_EQ(found.error().code, code) << found.error().what;
    EXPECT_THAT(found.error().what, HasSubstr(words));
    EXPECT_FALSE(found.error().remedy.empty());
  }

  fs::path dir_;
};

#if defined(__x86_64__)
constexpr Elf64_Half kHere = EM_X86_64;
constexpr Elf64_Half kElsewhere = EM_AARCH64;
#else
constexpr Elf64_Half kHere = EM_AARCH64;
constexpr Elf64_Half kElsewhere = EM_X86_64;
#endif

TEST_F(Executable, ADynamicProgramIsFoundAlongThePath) {
  const auto found = find_executable("ls");
  ASSERT_TRUE(found) << found.error().what;
  EXPECT_EQ(::access(found->c_str(), X_OK), 0);
  EXPECT_THAT(*found, HasSubstr("/ls"));
}

TEST_F(Executable, ThePathIsSearchedInOrderPastWhatCannotBeExecuted) {
  const char* path = std::getenv("PATH");
  ASSERT_NE(path, nullptr);
  const std::string former = path;
  file("tool", "#!/bin/sh\n", 0644);
  fs::create_directory(dir_ / "second");
  const std::string good = file("second/tool", "#!/bin/sh\n");
  ::setenv("PATH", (dir_.string() + ":" + (dir_ / "second").string()).c_str(), 1);
  const auto found = find_executable("tool");
  ::setenv("PATH", former.c_str(), 1);
  ASSERT_TRUE(found) << found.error().what;
  EXPECT_EQ(*found, good);
}

TEST_F(Executable, WhatIsNotThereIsNotFound) {
  expect_refused("no-such-command-anywhere", ENOENT, "'no-such-command-anywhere' not found in PATH");
  expect_refused((dir_ / "absent").string(), ENOENT, "absent");
}

TEST_F(Executable, DirectoriesAndPlainFilesAreNoPrograms) {
  expect_refused(dir_.string(), EACCES, "is not an executable file");
  expect_refused(file("data", "text", 0644), EACCES, "is not an executable file");
}

TEST_F(Executable, AStaticProgramIsRefused) {
  expect_refused(file("static", elf(ELFCLASS64, kHere, PT_LOAD)), ENOEXEC, "statically linked");
  EXPECT_TRUE(find_executable(file("static", elf(ELFCLASS64, kHere, PT_LOAD)), Reach::every_program));
  EXPECT_TRUE(find_executable(file("dynamic", elf(ELFCLASS64, kHere, PT_INTERP))));
}

TEST_F(Executable, AnotherMachinesProgramIsRefused) {
  expect_refused(file("narrow", elf(ELFCLASS32, EM_386, PT_INTERP)), ENOEXEC, "another machine or a 32-bit one");
  expect_refused(file("foreign", elf(ELFCLASS64, kElsewhere, PT_INTERP)), ENOEXEC, "another machine");
  expect_refused(file("torn", std::string(ELFMAG) + "rest"), ENOEXEC, "no ELF program");
}

TEST_F(Executable, ProgramsThatRaiseTheirUserOrGroupAreRefused) {
  const std::string own = file("setuid", elf(ELFCLASS64, kHere, PT_INTERP), 04755);
  EXPECT_TRUE(find_executable(own)) << "set-user-ID of oneself raises nothing";
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(own.c_str(), 65534, 0), 0);
    ASSERT_EQ(::chmod(own.c_str(), 04755), 0);
    expect_refused(own, EPERM, "set-user-ID");
    const std::string path = file("setgid", elf(ELFCLASS64, kHere, PT_INTERP));
    ASSERT_EQ(::chown(path.c_str(), 0, 65534), 0);
    ASSERT_EQ(::chmod(path.c_str(), 02755), 0);
    expect_refused(path, EPERM, "set-group-ID");
  }
}

TEST_F(Executable, AScriptIsAsGoodAsItsInterpreter) {
  EXPECT_TRUE(find_executable(file("good", "#!/bin/sh -e\nexit 0\n")));
  EXPECT_TRUE(find_executable(file("bare", "exit 0\n"))); // execvp(3) gives it to the shell
  expect_refused(file("orphan", "#! /no/such/interpreter\n"), ENOENT, "its interpreter /no/such/interpreter");
  const std::string fixed = file("static", elf(ELFCLASS64, kHere, PT_LOAD));
  expect_refused(file("over", "#!" + fixed + "\n"), ENOEXEC, fixed + " is statically linked");
}

TEST_F(Executable, InterpretersOfInterpretersHaveAnEnd) {
  const std::string self = (dir_ / "loop").string();
  file("loop", "#!" + self + "\n");
  expect_refused(self, ELOOP, "too many interpreters");
}

} // namespace
} // namespace daxemu::cli
