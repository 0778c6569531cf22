// refuse_calls ERROR CALL[,CALL...] COMMAND ...: runs the command under a seccomp filter that answers these system
// calls with ERROR (EPERM or ENOSYS). CALL may be `container`: what the default profile of container engines refuses to
// a process without capabilities and that somebody who emulates devices could want.
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

const std::map<std::string, long> kCalls = {
    {"userfaultfd", SYS_userfaultfd},
    {"io_uring_setup", SYS_io_uring_setup},
    {"io_uring_enter", SYS_io_uring_enter},
    {"io_uring_register", SYS_io_uring_register},
    {"mbind", SYS_mbind},
    {"set_mempolicy", SYS_set_mempolicy},
    {"get_mempolicy", SYS_get_mempolicy},
    {"move_pages", SYS_move_pages},
    {"migrate_pages", SYS_migrate_pages},
    {"perf_event_open", SYS_perf_event_open},
    {"bpf", SYS_bpf},
    {"unshare", SYS_unshare},
    {"setns", SYS_setns},
    {"mount", SYS_mount},
    {"name_to_handle_at", SYS_name_to_handle_at},
    {"open_by_handle_at", SYS_open_by_handle_at},
    {"kcmp", SYS_kcmp},
    {"keyctl", SYS_keyctl},
    {"memfd_create", SYS_memfd_create},
};

// The numbers of `names`; empty: one of them is not known.
std::vector<long> numbers_of(const std::string& names) {
  std::vector<long> numbers;
  std::istringstream list(names);
  for (std::string name; std::getline(list, name, ',');) {
    if (name == "container") {
      for (const auto& [each, number] : kCalls) {
        if (each != "memfd_create") {
          numbers.push_back(number);
        }
      }
    } else if (const auto known = kCalls.find(name); known != kCalls.end()) {
      numbers.push_back(known->second);
    } else {
      return {};
    }
  }
  return numbers;
}

bool refuse(const std::vector<long>& numbers, int error) {
  std::vector<sock_filter> program = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  for (const long number : numbers) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(number), 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog filter = {static_cast<unsigned short>(program.size()), program.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

} // namespace

int main(int argc, char** argv) {
  const std::string error = argc > 1 ? argv[1] : "";
  const std::vector<long> numbers = argc > 2 ? numbers_of(argv[2]) : std::vector<long>();
  if (argc < 4 || numbers.empty() || (error != "EPERM" && error != "ENOSYS")) {
    std::fprintf(stderr, "refuse_calls EPERM|ENOSYS CALL[,CALL...] COMMAND ...\n");
    return 2;
  }
  if (!refuse(numbers, error == "EPERM" ? EPERM : ENOSYS)) {
    std::perror("seccomp");
    return 2;
  }
  ::execvp(argv[3], argv + 3);
  std::perror(argv[3]);
  return 127;
}
