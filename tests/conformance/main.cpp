// daxemu-conformance: what a device-dax does, one line per behaviour. Runs on whatever device it is given; knows
// nothing of daxemu, so that the kernel's own device and the emulated one are asked by the same binary.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <fnmatch.h>
#include <getopt.h>
#include <unistd.h>

#include "tests/conformance/ask/bench.hpp"
#include "tests/conformance/row.hpp"

namespace {

using namespace conformance;

struct Options {
  Device device;
  std::vector<std::string> only;
  std::vector<std::string> except;
  std::string output;
  std::string mark;
  int seconds = 30;
  bool list = false;
  bool keep = false; // no destructive rows
  bool times = false;
};

void usage(FILE* to) {
  std::fputs("usage: daxemu-conformance [options]\n"
             "  --device PATH          the device to ask (/dev/dax0.0)\n"
             "  --scratch DIR          for ordinary files; a file system that knows O_DIRECT ($TMPDIR or /tmp)\n"
             "  --only GLOB            only rows that match (may be repeated)\n"
             "  --except GLOB          no rows that match (may be repeated)\n"
             "  --exclude-destructive  no row that poisons memory, writes to sysfs or unbinds\n"
             "  --list                 names only\n"
             "  --output FILE          rows go there instead of standard output\n"
             "  --timeout SECONDS      for each row (30)\n"
             "  --times                add a column with the milliseconds of each row\n"
             "  --mark FILE            write each row's name there before it runs (/dev/kmsg: to read the kernel's log "
             "by rows)\n"
             "  --size N --align N     where no sysfs tells\n"
             "Rows are ROW<TAB>OUTCOME. Everything on the device is overwritten.\n",
             to);
}

bool any(const std::vector<std::string>& globs, const std::string& name) {
  for (const std::string& glob : globs) {
    if (::fnmatch(glob.c_str(), name.c_str(), 0) == 0) {
      return true;
    }
  }
  return false;
}

bool wanted(const Row& row, const Options& options) {
  return (options.only.empty() || any(options.only, row.name)) && !any(options.except, row.name) &&
         !(options.keep && row.destructive);
}

bool parse(int count, char** words, Options& options) {
  enum { device = 1, scratch, only, except, keep, list, output, timeout, size, align, times, mark, help };
  static const option known[] = {{"device", 1, nullptr, device},
                                 {"scratch", 1, nullptr, scratch},
                                 {"only", 1, nullptr, only},
                                 {"except", 1, nullptr, except},
                                 {"exclude-destructive", 0, nullptr, keep},
                                 {"list", 0, nullptr, list},
                                 {"output", 1, nullptr, output},
                                 {"timeout", 1, nullptr, timeout},
                                 {"times", 0, nullptr, times},
                                 {"mark", 1, nullptr, mark},
                                 {"size", 1, nullptr, size},
                                 {"align", 1, nullptr, align},
                                 {"help", 0, nullptr, help},
                                 {nullptr, 0, nullptr, 0}};
  options.device.path = "/dev/dax0.0";
  const char* temporary = std::getenv("TMPDIR");
  options.device.scratch = temporary != nullptr ? temporary : "/tmp";
  for (int word = 0; (word = ::getopt_long(count, words, "", known, nullptr)) != -1;) {
    switch (word) {
    case device:
      options.device.path = optarg;
      break;
    case scratch:
      options.device.scratch = optarg;
      break;
    case only:
      options.only.emplace_back(optarg);
      break;
    case except:
      options.except.emplace_back(optarg);
      break;
    case keep:
      options.keep = true;
      break;
    case list:
      options.list = true;
      break;
    case output:
      options.output = optarg;
      break;
    case timeout:
      options.seconds = std::atoi(optarg);
      break;
    case times:
      options.times = true;
      break;
    case mark:
      options.mark = optarg;
      break;
    case size:
      options.device.size = std::strtoull(optarg, nullptr, 0);
      break;
    case align:
      options.device.align = std::strtoull(optarg, nullptr, 0);
      break;
    case help:
      usage(stdout);
      std::exit(0);
    default:
      return false;
    }
  }
  return optind == count;
}

// Words of one row, on one line.
std::string one_line(std::string text) {
  for (char& byte : text) {
    if (byte == '\n' || byte == '\t') {
      byte = ' ';
    }
  }
  return text;
}

void set_mark(const std::string& path, const std::string& name) {
  if (FILE* to = path.empty() ? nullptr : std::fopen(path.c_str(), "we")) {
    std::fprintf(to, "row %s\n", name.c_str());
    std::fclose(to);
  }
}

} // namespace

int main(int count, char** words) {
  Options options;
  if (!parse(count, words, options)) {
    usage(stderr);
    return 2;
  }
  Table table;
  add_all_rows(table);
  if (options.list) {
    for (const Row& row : table.rows()) {
      if (wanted(row, options)) {
        std::puts(row.name.c_str());
      }
    }
    return 0;
  }
  if (const auto problem = describe(options.device)) {
    std::fprintf(stderr, "daxemu-conformance: %s\n", problem->c_str());
    return 2;
  }
  FILE* out = options.output.empty() ? stdout : std::fopen(options.output.c_str(), "we");
  if (out == nullptr) {
    std::fprintf(stderr, "daxemu-conformance: %s: %s\n", options.output.c_str(), std::strerror(errno));
    return 2;
  }
  std::size_t ran = 0;
  for (const bool destructive : {false, true}) {
    for (const Row& row : table.rows()) {
      if (row.destructive != destructive || !wanted(row, options)) {
        continue;
      }
      set_mark(options.mark, row.name);
      const auto before = std::chrono::steady_clock::now();
      const Said said = in_child([&] { return row.run(options.device); }, options.seconds);
      const auto spent = std::chrono::steady_clock::now() - before;
      std::fprintf(out, "%s\t%s", row.name.c_str(), one_line(said.text).c_str());
      if (options.times) {
        std::fprintf(out, "\t%ld",
                     static_cast<long>(std::chrono::duration_cast<std::chrono::milliseconds>(spent).count()));
      }
      std::fputc('\n', out);
      std::fflush(out);
      ++ran;
    }
  }
  if (ran == 0) {
    std::fputs("daxemu-conformance: no row has that name\n", stderr);
    return 2;
  }
  return 0;
}
