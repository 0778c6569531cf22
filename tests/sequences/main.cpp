// daxemu-sequences: plays sequences of calls on a device-dax and prints what each said. Knows nothing of daxemu, so
// that the kernel's own device and the emulated one are asked by the same binary.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <getopt.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/conformance/ask/text.hpp"
#include "tests/conformance/ask/touch.hpp"
#include "tests/sequences/buses/bus.hpp"
#include "tests/sequences/buses/cxl.hpp"
#include "tests/sequences/buses/nd.hpp"
#include "tests/sequences/cleaner.hpp"
#include "tests/sequences/descriptors/descriptors.hpp"
#include "tests/sequences/family.hpp"
#include "tests/sequences/generate.hpp"

namespace {

using namespace sequences;

struct Options {
  conformance::Device device;
  std::string family = "memory";
  std::string script; // sequences from there instead of seeds
  std::uint64_t first = 1;
  std::uint64_t last = 1;
  unsigned calls = 60;
  int seconds = 20;
  bool generate = false;
  bool large = false;
  std::string look; // numbers of descriptors to tell of: the program that exec starts
};

void usage(FILE* to) {
  std::fputs("usage: daxemu-sequences [options]\n"
             "  --device PATH     the device (/dev/dax0.0); its bytes are overwritten; none: the sequences open none\n"
             "  --family NAMES    families to mix, with commas (memory)\n"
             "  --seeds FIRST-LAST, --calls N\n"
             "  --script FILE     play these sequences (- is standard input)\n"
             "  --generate        print the sequences, play nothing\n"
             "  --large           with --generate: as for extents of 1G\n"
             "  --timeout SECONDS for each sequence (20)\n",
             to);
}

bool parse(int count, char** words, Options& options) {
  enum { device = 1, family, seeds, calls, script, generate, large, timeout, look, help };
  static const option known[] = {
      {"device", 1, nullptr, device}, {"family", 1, nullptr, family},   {"seeds", 1, nullptr, seeds},
      {"calls", 1, nullptr, calls},   {"script", 1, nullptr, script},   {"generate", 0, nullptr, generate},
      {"large", 0, nullptr, large},   {"timeout", 1, nullptr, timeout}, {"help", 0, nullptr, help},
      {"look", 1, nullptr, look},     {nullptr, 0, nullptr, 0}};
  options.device.path = "/dev/dax0.0";
  for (int word = 0; (word = ::getopt_long(count, words, "", known, nullptr)) != -1;) {
    switch (word) {
    case device:
      options.device.path = optarg;
      break;
    case family:
      options.family = optarg;
      break;
    case seeds: {
      char* rest = nullptr;
      options.first = std::strtoull(optarg, &rest, 10);
      options.last = *rest == '-' ? std::strtoull(rest + 1, nullptr, 10) : options.first;
      break;
    }
    case calls:
      options.calls = static_cast<unsigned>(std::atoi(optarg));
      break;
    case script:
      options.script = optarg;
      break;
    case generate:
      options.generate = true;
      break;
    case large:
      options.large = true;
      break;
    case look:
      options.look = optarg;
      break;
    case timeout:
      options.seconds = std::atoi(optarg);
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

void write_out(const char* text, std::size_t length) {
  for (std::size_t at = 0; at < length;) {
    const ssize_t put = ::write(STDOUT_FILENO, text + at, length - at);
    if (put <= 0) {
      ::_exit(3);
    }
    at += static_cast<std::size_t>(put);
  }
}

// What a sequence has said so far, in memory that its process shares with this one: what ends the process does not end
// what it said, and a guest's channel is used once for each sequence. What does not fit is not kept back.
struct Said {
  static constexpr std::size_t kRoom = 1 << 18;
  std::size_t length;
  char text[kRoom];
};
Said* g_said = nullptr;

void say_all() {
  write_out(g_said->text, g_said->length);
  g_said->length = 0;
}

void say(const std::string& text) {
  if (g_said == nullptr) {
    write_out(text.data(), text.size());
    return;
  }
  if (g_said->length + text.size() > Said::kRoom) {
    say_all();
  }
  if (text.size() > Said::kRoom) {
    write_out(text.data(), text.size());
    return;
  }
  std::memcpy(g_said->text + g_said->length, text.data(), text.size());
  g_said->length += text.size();
}

// After exec: what has come over. A mapping of each shows that it is still what it was.
int look_after_exec(const Options& options) {
  Stage stage;
  stage.device = &options.device;
  stage.units = {options.device.align, options.device.size};
  std::string text;
  for (std::size_t at = 0; at < options.look.size();) {
    const std::size_t comma = std::min(options.look.find(',', at), options.look.size());
    const int fd = std::atoi(options.look.substr(at, comma - at).c_str());
    void* mapped = ::mmap(nullptr, stage.units.extent, PROT_READ, MAP_SHARED, fd, 0);
    text += (text.empty() ? "" : " | ") + descriptors::look(stage, fd) + " map " +
            (mapped == MAP_FAILED ? conformance::last_error() : conformance::load(mapped).text());
    at = comma + 1;
  }
  say(text);
  return 0;
}

[[noreturn]] void play(const Sequence& sequence, const conformance::Device& device) {
  Stage stage;
  const bool opens = std::none_of(sequence.calls.begin(), sequence.calls.end(), [](const Call& call) {
    return bus::concerns(call) || nd::concerns(call) || cxl::concerns(call);
  });
  // Whoever started us may have left descriptors open: numbers are outcomes.
  (void)::syscall(SYS_close_range, STDERR_FILENO + 1, kSourceAt - 1, 0);
  (void)::syscall(SYS_close_range, kSourceAt + 1, ~0U, 0);
  if (const std::string problem = prepare(stage, device, opens); !problem.empty()) {
    say("prepare => " + problem + "\n");
    ::_exit(1);
  }
  for (const Call& call : sequence.calls) {
    say(call.text() + " => " + outcome_of(stage, call) + "\n");
  }
  ::_exit(0);
}

// `before`: the calls of the sequence before it. False: the bus could not be put back, nothing was played.
bool run(const Sequence& sequence, const Options& options, const std::vector<Call>& before, Cleaner& cleaner) {
  const std::string cleaned = cleaner.clean(before, sequence.calls);
  if (!cleaned.empty() && std::any_of(sequence.calls.begin(), sequence.calls.end(), cxl::concerns)) {
    say("# not put back before sequence " + sequence.name + ": " + cleaned + "\n");
    say_all();
    return false;
  }
  for (const std::string& note : sequence.notes) {
    say(note + "\n");
  }
  say("sequence " + sequence.name + "\n");
  const pid_t child = ::fork();
  if (child == 0) {
    (void)::setpgid(0, 0);
    play(sequence, options.device);
  }
  std::string ending = end_of(child, options.seconds);
  // Its own children too: what they have open must be closed before the driver may take the device anew.
  (void)::kill(-child, SIGKILL);
  while (::waitpid(-child, nullptr, 0) > 0) {
  }
  if (!cleaned.empty()) {
    ending += " cleaner " + cleaned;
  }
  say(ending.empty() ? "end\n" : "end " + ending + "\n");
  say_all();
  return true;
}

// Sequences are made one at a time: every fork would copy the tables of what all of them take.
template <typename Use>
void each(const Options& options, Use use) {
  if (!options.script.empty()) {
    for (const Sequence& sequence : read_sequences(options.script)) {
      use(sequence);
    }
    return;
  }
  for (std::uint64_t seed = options.first; seed <= options.last; ++seed) {
    use(generate(options.family, seed, options.calls, options.large));
  }
}

} // namespace

int main(int count, char** words) {
  Options options;
  if (!parse(count, words, options)) {
    usage(stderr);
    return 2;
  }
  if (options.device.path == "none") {
    options.device.align = 2U << 20U;
    options.device.size = 64U << 20U;
    cxl::know_machine();
  } else if (!options.generate) {
    if (const auto problem = conformance::describe(options.device)) {
      std::fprintf(stderr, "daxemu-sequences: %s\n", problem->c_str());
      return 2;
    }
    options.large = options.device.align > (64U << 20U);
    if (!options.look.empty()) {
      return look_after_exec(options);
    }
  }
  if (options.generate) {
    each(options, [](const Sequence& sequence) { say(text_of(sequence, false)); });
    return 0;
  }
  void* shared = ::mmap(nullptr, sizeof(Said), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  std::string problem = make_source();
  if (shared == MAP_FAILED || !problem.empty()) {
    std::fprintf(stderr, "daxemu-sequences: %s\n", problem.empty() ? "no memory" : problem.c_str());
    return 2;
  }
  g_said = static_cast<Said*>(shared);
  (void)::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  Cleaner cleaner(options.device, options.seconds);
  std::vector<Call> before;
  bool good = true;
  each(options, [&](const Sequence& sequence) {
    good = good && run(sequence, options, before, cleaner);
    before = sequence.calls;
  });
  return good ? 0 : 4;
}
