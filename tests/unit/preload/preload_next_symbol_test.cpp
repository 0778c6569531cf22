// Our own lookup of symbols gives what dlsym(3) gives.
#include "runtime/preload/ground/next_symbol.hpp"

#include <cstdio>

#include <dlfcn.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "runtime/preload/ground/program_variable.hpp"
#include "runtime/preload/ground/real.hpp"

namespace daxemu::preload {
namespace {

std::optional<NextSymbol> find(const char* name) {
  return NextSymbols::at_start().find(name, symbol_hash(name));
}

TEST(NextSymbol, HashesAsTheLinkerDoes) {
  EXPECT_EQ(symbol_hash(""), 5381U);
  EXPECT_EQ(symbol_hash("printf"), 0x156b2bb8U);
  EXPECT_EQ(symbol_hash("syscall"), 0xbac212a0U);
}

// In a program everything comes behind it, as behind a preloaded library.
TEST(NextSymbol, FindsWhatDlsymFinds) {
  for (const char* name : {"open",
                           "open64",
                           "openat",
                           "close",
                           "read",
                           "write",
                           "mmap",
                           "munmap",
                           "fstat",
                           "stat",
                           "lstat",
                           "fstatat",
                           "vfork",
                           "_Fork",
                           "clone",
                           "dup3",
                           "fcntl64",
                           "opendir",
                           "readdir64",
                           "closedir",
                           "ftw64",
                           "nftw",
                           "glob",
                           "glob64",
                           "posix_fallocate",
                           "sigaction",
                           "signal",
                           "pthread_sigmask",
                           "syscall",
                           "realpath",
                           "fopen64",
                           "regexec",
                           "pthread_cond_wait"}) {
    const auto found = find(name);
    ASSERT_TRUE(found.has_value()) << name;
    EXPECT_EQ(found->address, ::dlsym(RTLD_NEXT, name)) << name;
  }
}

// What the loader has bound this program's own uses to: the program's copy of a variable, an ifunc's answer.
TEST(NextSymbol, FindsWhatTheLoaderBinds) {
  const auto first = [](const char* name) { return NextSymbols::at_start().find_first(name, symbol_hash(name)); };
  EXPECT_EQ(first("__environ"), &__environ);
  EXPECT_EQ(first("stdout"), &stdout);
  EXPECT_EQ(&*program_environment, &__environ);
  EXPECT_EQ(*program_output, stdout);
  for (const char* name : {"malloc", "free", "getenv", "pthread_mutex_lock", "memcpy", "strlen", "memchr", "strncmp"}) {
    EXPECT_EQ(first(name), ::dlsym(RTLD_DEFAULT, name)) << name;
  }
  EXPECT_EQ(first("no_function_of_this_name"), nullptr);
}

// As the kernel has put it on the stack; and gone again behind it.
TEST(ProgramVariable, LendsTheCLibraryItsEnvironment) {
  char** const own = __environ;
  {
    const EnvironmentAtStart nothing;
    EXPECT_EQ(__environ, own);
  }
  EXPECT_EQ(__environ, own);
  const char* first = own != nullptr ? *own : nullptr;
  __environ = nullptr;
  char* lent_first = nullptr;
  {
    const EnvironmentAtStart lent;
    lent_first = __environ != nullptr ? *__environ : nullptr;
  }
  char** const behind = __environ;
  __environ = own;
  EXPECT_STREQ(lent_first, first);
  EXPECT_EQ(behind, nullptr);
}

TEST(NextSymbol, KnowsTheCLibrary) {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) // whose own definitions come first
  EXPECT_TRUE(find("close")->libcs);
#endif
  EXPECT_FALSE(find("_Unwind_Backtrace")->libcs);
}

TEST(NextSymbol, TellsAbsentFromNotForItToSay) {
  const auto absent = find("no_function_of_this_name");
  ASSERT_TRUE(absent.has_value());
  EXPECT_EQ(absent->address, nullptr);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) // whose own is none
  EXPECT_FALSE(find("memcpy").has_value()) << "an ifunc, which has to be asked for its address";
#endif
  EXPECT_NE((Real<"memcpy", void*(void*, const void*, std::size_t)>().get()), nullptr) << "by dlsym, then";
}

} // namespace
} // namespace daxemu::preload
