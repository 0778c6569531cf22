// What our library costs a program that starts, where it can be counted on a busy machine too; and that what was put
// off is done by whoever comes first: a thread beside others, a signal handler, a forked and a vforked child.
// Run by `daxemu run`, on a platform with /dev/dax0.0.
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <elf.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr std::string_view kLibrary = "libdaxemu-preload.so";

// The kernel's own file, past every hook: asking one of them for a file of /proc is a question about nodes.
long raw(long number, long a, long b, long c) {
  long result = number;
  __asm__ volatile("syscall" : "+a"(result) : "D"(a), "S"(b), "d"(c), "r"(0L) : "rcx", "r11", "memory");
  return result;
}
std::string raw_text(const char* path) {
  const long fd = raw(SYS_open, reinterpret_cast<long>(path), O_RDONLY, 0);
  std::string text;
  static std::array<char, 1 << 16> piece;
  for (long got = 1; got > 0;) {
    got = raw(SYS_read, fd, reinterpret_cast<long>(piece.data()), piece.size());
    text.append(piece.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  }
  raw(SYS_close, fd, 0, 0);
  return text;
}

struct Mapped {
  std::string file;
  std::size_t kib = 0;          // of all its mappings
  std::size_t dirty_tables = 0; // KiB of this process's own in what is read-only by now, and was written to
  bool writable_tables = true;
};
Mapped library() {
  Mapped found;
  std::istringstream lines(raw_text("/proc/self/smaps"));
  std::string line;
  std::string permissions;
  bool ours = false;
  while (std::getline(lines, line)) {
    if (line.find('-') < line.find(' ')) { // the head of a mapping
      ours = line.ends_with(kLibrary);
      permissions = line.substr(line.find(' ') + 1, 4);
      found.file = ours ? line.substr(line.find('/')) : found.file;
    } else if (ours && line.starts_with("Size:")) {
      found.kib += std::stoul(line.substr(5));
    } else if (ours && line.starts_with("Private_Dirty:") && permissions == "r--p") {
      const std::size_t dirty = std::stoul(line.substr(14));
      found.dirty_tables += dirty;
      found.writable_tables = dirty != 0 ? false : found.writable_tables;
    }
  }
  return found;
}

// Runs `what` in a child, which has asked for no node so far; its exit status, 0: it was true.
int in_child(const std::function<bool()>& what) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::_exit(what() ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}
bool finds_device() {
  struct stat about {};
  std::array<char, 128> link{};
  return ::stat("/dev/dax0.0", &about) == 0 && S_ISCHR(about.st_mode) &&
         ::readlink("/sys/bus/dax/devices/dax0.0", link.data(), link.size()) > 0;
}

class Start : public testing::Test {
protected:
  void SetUp() override {
    if (library().file.empty()) {
      GTEST_SKIP() << "for a program under daxemu";
    }
  }
};

TEST_F(Start, TablesAreNobodysBeforeTheyAreAskedFor) {
  EXPECT_EQ(in_child([] {
              struct stat about {};
              std::array<char, 8> text{};
              const int file = ::open("/etc/passwd", O_RDONLY);
              return ::stat("/usr", &about) == 0 && file >= 0 && ::read(file, text.data(), text.size()) > 0 &&
                     ::access("/dev/null", F_OK) == 0 && library().dirty_tables <= 8;
            }),
            0)
      << "a program that asks for no node has the tables' pages of its own";
  EXPECT_EQ(in_child([] {
              ::setsid(); // as in a build: no terminal
              return ::open("/dev/tty", O_RDWR | O_NONBLOCK) < 0 && errno == ENXIO && library().dirty_tables <= 8;
            }),
            0)
      << "nor a shell, which asks for its terminal";
  EXPECT_EQ(in_child([] {
              const bool found = finds_device();
              const Mapped after = library();
              return found && after.dirty_tables >= 64 && !after.writable_tables;
            }),
            0)
      << "a program that asks has them, and nobody can write to them";
}

TEST_F(Start, WhoeverComesFirstFindsTheTables) {
  EXPECT_EQ(in_child([] {
              std::atomic<int> waiting{8};
              std::atomic<int> found{0};
              std::vector<std::thread> threads;
              for (int number = 0; number < 8; ++number) {
                threads.emplace_back([&] {
                  for (waiting.fetch_sub(1); waiting.load() > 0;) {
                  }
                  found += finds_device() ? 1 : 0;
                });
              }
              for (std::thread& thread : threads) {
                thread.join();
              }
              return found == 8;
            }),
            0)
      << "threads at once";
  static volatile std::sig_atomic_t handled = 0;
  EXPECT_EQ(in_child([] {
              ::signal(SIGUSR1, [](int) { handled = finds_device() ? 1 : 2; });
              ::raise(SIGUSR1);
              return handled == 1;
            }),
            0)
      << "a signal handler";
  EXPECT_EQ(in_child([] { return in_child(finds_device) == 0 && finds_device(); }), 0) << "a child's child first";
  static volatile int in_vforked = -1;
  EXPECT_EQ(in_child([] {
              const pid_t child = ::vfork(); // NOLINT: what is asked about
              if (child == 0) {
                in_vforked = finds_device() ? 1 : 0; // NOLINT
                ::_exit(0);
              }
              int status = 0;
              ::waitpid(child, &status, 0);
              return in_vforked == 1 && finds_device();
            }),
            0)
      << "a vforked child";
}

// A filter of the program, as a sandbox sets one: `number` is EPERM from now on.
bool refuse(unsigned number) {
  std::array<sock_filter, 4> code = {sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                                     sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
                                     sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
                                     sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

TEST_F(Start, TablesAreWrittenWhereTheirPagesCannotBeUnprotected) {
  EXPECT_EQ(in_child([] { return refuse(SYS_mprotect) && finds_device() && library().dirty_tables >= 64; }), 0);
  // Nor by another way: it ends, and does not go on with tables that say nothing.
  EXPECT_EQ(in_child([] {
              const rlimit none{0, 0};
              ::setrlimit(RLIMIT_CORE, &none);
              return refuse(SYS_mprotect) && refuse(SYS_pwrite64) && finds_device();
            }),
            1000 + SIGABRT);
}

// The budget of the file itself: what is more here, each program pays.
TEST_F(Start, LibraryKeepsToItsBudget) {
  const Mapped mapped = library();
  EXPECT_LE(mapped.kib, 3000U) << "KiB of addresses";
  std::ifstream file(mapped.file, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  ASSERT_GT(bytes.size(), sizeof(Elf64_Ehdr));
  EXPECT_EQ(bytes.find("_ZNSt6locale"), std::string::npos)
      << "a stream has come in, and with it all locales: read_text() of emu/base/text/text_file.hpp";
  EXPECT_EQ(bytes.find("system_error_category"), std::string::npos)
      << "an error category has come in, which every program makes and destroys: hooks/process/exception_memory.cpp";
  Elf64_Ehdr header;
  std::memcpy(&header, bytes.data(), sizeof header);
  std::uint64_t size = 0;
  std::uint64_t jumps = 0;
  std::uint64_t jumps_place = 0;
  std::uint64_t constructors = 0;
  std::uint64_t libraries = 0;
  for (std::size_t at = 0; at < header.e_phnum; ++at) {
    Elf64_Phdr segment;
    std::memcpy(&segment, bytes.data() + header.e_phoff + at * sizeof segment, sizeof segment);
    EXPECT_TRUE(segment.p_type != PT_TLS || segment.p_filesz == 0)
        << "a thread's variable is not all zeros: a page that every program reads, and every thread";
    for (std::size_t entry = 0; segment.p_type == PT_DYNAMIC && entry < segment.p_filesz; entry += sizeof(Elf64_Dyn)) {
      Elf64_Dyn value;
      std::memcpy(&value, bytes.data() + segment.p_offset + entry, sizeof value);
      size = value.d_tag == DT_RELASZ ? value.d_un.d_val : size;
      jumps = value.d_tag == DT_PLTRELSZ ? value.d_un.d_val : jumps;
      jumps_place = value.d_tag == DT_JMPREL ? value.d_un.d_val : jumps_place;
      libraries += value.d_tag == DT_NEEDED ? 1 : 0;
      constructors = value.d_tag == DT_INIT_ARRAYSZ ? value.d_un.d_val / sizeof(std::uint64_t) : constructors;
    }
  }
  // The sections say the same, and have all bytes between them: what strip(1) and patchelf(1) go by.
  std::vector<Elf64_Shdr> tables;
  for (std::size_t at = 0; at < header.e_shnum; ++at) {
    Elf64_Shdr section;
    std::memcpy(&section, bytes.data() + header.e_shoff + at * sizeof section, sizeof section);
    if (section.sh_type == SHT_RELA) {
      tables.push_back(section);
    }
  }
  ASSERT_EQ(tables.size(), 2U);
  std::uint64_t symbols_looked_up = jumps / sizeof(Elf64_Rela);
  for (std::uint64_t at = 0; at < size; at += sizeof(Elf64_Rela)) {
    Elf64_Rela entry;
    ASSERT_LE(tables[0].sh_offset + at + sizeof entry, bytes.size());
    std::memcpy(&entry, bytes.data() + tables[0].sh_offset + at, sizeof entry);
    symbols_looked_up += ELF64_R_SYM(entry.r_info) != 0 ? 1 : 0;
  }
  EXPECT_EQ(tables[0].sh_size, size);
  EXPECT_EQ(tables[1].sh_addr, jumps_place);
  EXPECT_EQ(tables[1].sh_addr, tables[0].sh_addr + size);
  EXPECT_EQ(tables[1].sh_addr - tables[0].sh_addr, tables[1].sh_offset - tables[0].sh_offset);
  EXPECT_GT(tables[1].sh_size, jumps) << "what was left out";
  EXPECT_LE(size / sizeof(Elf64_Rela), 400U) << "addresses that the loader writes into tables";
  EXPECT_LE(jumps / sizeof(Elf64_Rela), 5U)
      << "names that the loader looks up in other libraries: hooks/process/later_symbols.cpp has those that can wait";
  EXPECT_LE(symbols_looked_up, 6U) << "the same, and variables: ground/program_variable.hpp";
  EXPECT_EQ(libraries, 1U) << "libraries that this one names: the C library, which brings the loader";
  EXPECT_LE(constructors, 2U)
      << "the compiler's own, and loaded() of hooks/process/library.cpp: each other one, and what it\n"
         "wants destroyed in the end, every program pays";
}

} // namespace
