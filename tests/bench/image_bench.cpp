// An image's bytes to the device and back, beside what fio gets out of the same file by O_DIRECT.
//   daxemu-bench-image FOLDER [--pairs N] [--out FILE] [--only TEXT]     FOLDER: on the disk to be measured
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/cli/images/image_platform.hpp"
#include "runtime/cli/platforms/platform_builder.hpp"
#include "runtime/fault/devices/huge_page.hpp"
#include "runtime/fault/devices/huge_page_trials.hpp"
#include "runtime/fault/space/address_space.hpp"
#include "tests/bench/frame/pairs.hpp"

namespace {

using namespace daxemu;
using bench::Pairs;
using bench::Turn;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kSize = 256ULL << 20;
constexpr std::uint64_t kExtent = 2ULL << 20;
constexpr auto kShmem = store::BackingKind::shmem;
constexpr auto kHugetlb = store::BackingKind::hugetlb;
std::string folder; // NOLINT(runtime/string): set once by main()

std::string image_path() {
  return folder + "/bench.img";
}

// The file's pages leave the page cache, so that a load comes from the disk.
void forget_pages(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY);
  ::fdatasync(fd);
  ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  ::close(fd);
}

struct Device {
  backing::MemfdSource files;
  cli::BuiltPlatform* platform = nullptr; // these two are kept: the space's threads use them to the end
  fault::AddressSpace* space = nullptr;
  std::unique_ptr<cli::RepeatedWriteBack> repeated;
  std::uint64_t* words = nullptr;

  explicit Device(bool tracked = false, store::BackingKind kind = kShmem) {
    cli::PlatformOptions options;
    options.size = kSize;
    options.backing = kind;
    options.engine = store::EngineKind::handler;
    options.image = image_path();
    auto built = cli::build_platform(options, "bench", files);
    if (!built) {
      std::fprintf(stderr, "%s; %s\n", built.error().what.c_str(), built.error().remedy.c_str());
      return;
    }
    platform = new cli::BuiltPlatform(std::move(*built));
    if (tracked) { // before it is mapped
      repeated = std::make_unique<cli::RepeatedWriteBack>(platform->store);
    }
    space = new fault::AddressSpace(platform->store);
    auto base = space->map(*platform->store.device_named("dax0.0"), platform->held.front().get(), nullptr, kSize,
                           PROT_READ | PROT_WRITE, MAP_SHARED, 0);
    words = base ? static_cast<std::uint64_t*>(*base) : nullptr;
  }
  void give_back() const {
    if (platform != nullptr) {
      (void)space->unmap(words, kSize);
      (void)::ftruncate(platform->held.front().get(), 0); // and what is reserved of huge pages
      platform->held.clear(); // nearly three hundred descriptors, and there are turns to come
    }
  }
  // Bytes that no disk compresses and no run had before.
  void fill() const {
    std::mt19937_64 random(std::random_device{}());
    for (std::uint64_t at = 0; at < kSize / sizeof(*words); ++at) {
      words[at] = random();
    }
  }
};

constexpr const char* kNoDevice = "no device";

Turn of(double seconds) {
  return {seconds * 1e3, {{"mb_per_s", static_cast<double>(kSize) / 1e6 / seconds}}, ""};
}
// Seconds of processors that this process has had: what no other program on the machine makes more of.
double used() {
  timespec now{};
  (void)::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}
double since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// Seconds that it takes to touch all extents, in an order.
double touch_all(const Device& device, bool random) {
  std::vector<std::uint64_t> order(kSize / kExtent);
  std::iota(order.begin(), order.end(), 0);
  if (random) {
    std::shuffle(order.begin(), order.end(), std::mt19937(1));
  }
  const auto begin = Clock::now();
  for (const std::uint64_t extent : order) {
    (void)static_cast<volatile std::uint64_t*>(device.words)[extent * kExtent / sizeof(*device.words)];
  }
  return since(begin);
}

Turn load() {
  forget_pages(image_path());
  const Device device;
  if (device.words == nullptr) {
    return {0, {}, kNoDevice};
  }
  const double seconds = touch_all(device, false);
  device.give_back();
  return of(seconds);
}

// Microseconds of an extent; the image is in the page cache: what daxemu makes of a disk that does not keep it waiting.
Turn first_touch(bool random, store::BackingKind kind) {
  const Device device(false, kind);
  if (device.words == nullptr) {
    return {0, {}, kNoDevice};
  }
  const double before = used();
  const double seconds = touch_all(device, random);
  const double cpu = used() - before;
  device.give_back();
  constexpr double kEach = 1e6 / (kSize / kExtent);
  return {seconds * kEach, {{"cpu_us", cpu * kEach}}, ""};
}

// Makes extents of a device's memory: of small pages, which fallocate(2) does not even zero, or as huge ones, when
// these are to be had and as daxemu asks for them.
class Pages {
public:
  Pages(int fd, store::BackingKind kind)
      : fd_(fd), room_(Mapping::of(-1, 2 * kExtent, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS).value_or(Mapping())),
        shmem_(kind == kShmem && room_) {}
  bool make(std::uint64_t extent) {
    if (shmem_ && trials_.is_due()) {
      const auto start = reinterpret_cast<std::uintptr_t>(room_.data());
      const auto page = fault::HugePage::make(room_.bytes().subspan(align_up(start, kExtent) - start, kExtent), fd_,
                                              extent * kExtent);
      trials_.note(page.has_value(), page && page->was_slow());
      if (page) {
        return true;
      }
    }
    return ::fallocate(fd_, 0, static_cast<off_t>(extent * kExtent), kExtent) == 0;
  }

private:
  int fd_;
  Mapping room_;
  bool shmem_;
  fault::HugePageTrials trials_;
};

// What no first touch can be less than: an extent's pages are made, its bytes are read, by pieces into what the
// processor's cache keeps, and added up. Nothing is put into the pages, nobody is woken.
Turn floor_of(store::BackingKind kind) {
  const auto image = backing::Image::open(image_path(), backing::Image::Access::beside);
  backing::MemfdSource source;
  auto file = kind == kHugetlb ? source.make("bench-floor", kExtent) : source.make_advised("bench-floor");
  if (!image || !file || ::ftruncate(file->fd.get(), kSize) != 0) {
    return {0, {}, kNoDevice};
  }
  std::vector<std::byte> piece(128UL << 10);
  Pages pages(file->fd.get(), kind);
  const double before = used();
  const auto begin = Clock::now();
  for (std::uint64_t extent = 0; extent < kSize / kExtent; ++extent) {
    if (!pages.make(extent)) {
      return {0, {}, "not as many pages"};
    }
    const auto add_up = [](std::uint64_t, std::span<const std::byte>) -> Result<void> { return {}; };
    if (!image->read_through(ExtentIndex(extent), piece, add_up)) {
      return {0, {}, "the image is damaged"};
    }
  }
  constexpr double kEach = 1e6 / (kSize / kExtent);
  const double seconds = since(begin);
  return {seconds * kEach, {{"cpu_us", (used() - before) * kEach}}, ""};
}

// Milliseconds until a platform stands whose device is a sparse file of 1 TiB.
Turn open_sparse() {
  const std::string path = folder + "/sparse.img";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const bool there = fd >= 0 && ::ftruncate(fd, 1LL << 40) == 0;
  ::close(fd);
  cli::PlatformOptions options;
  options.size = 1ULL << 40;
  options.backing = store::BackingKind::shmem;
  options.image = path;
  backing::MemfdSource files;
  const auto begin = Clock::now();
  const auto built = cli::build_platform(options, "bench", files);
  const double seconds = since(begin);
  std::filesystem::remove(path);
  return there && built ? Turn{seconds * 1e3, {}, ""} : Turn{0, {}, "a sparse file of 1 TiB cannot be opened here"};
}

Turn write_back() {
  const Device device;
  if (device.words == nullptr) {
    return {0, {}, kNoDevice};
  }
  device.fill();
  const double before = used();
  const auto begin = Clock::now();
  const auto done = cli::write_back(device.platform->store);
  Turn turn = of(since(begin));
  turn.counters["cpu_ms"] = (used() - before) * 1e3;
  device.give_back();
  return done && done->bytes == kSize ? turn : Turn{0, {}, "not all was written"};
}

// A device that is written back again and again while a program writes to it; with writes noted or all compared.
class Repeated {
public:
  explicit Repeated(bool tracked) : tracked_(tracked), device_(tracked) {
    if (device_.words != nullptr) {
      device_.fill();
      fine_ = again() && again(); // the first one knows of no earlier one
    }
  }
  Repeated(const Repeated&) = delete;
  Repeated& operator=(const Repeated&) = delete;
  ~Repeated() { device_.give_back(); }

  // Milliseconds of a write-back, after writes to one extent in 64.
  Turn little() {
    constexpr std::uint64_t kApart = 64 * kExtent / sizeof(std::uint64_t);
    for (std::uint64_t at = 0; fine_ && at < kSize / sizeof(*device_.words); at += kApart) {
      ++device_.words[at];
    }
    if (!fine_) {
      return {0, {}, kNoDevice};
    }
    const auto begin = Clock::now();
    const auto done = again();
    const double seconds = since(begin);
    fine_ = fine_ && done && done->written == kSize / kExtent / 64;
    return fine_ ? Turn{seconds * 1e3, {}, ""} : Turn{0, {}, "not what had changed was written"};
  }
  // The first write to each page after a write-back: what noting them costs the program.
  Turn writes_after() {
    if (!fine_ || !again()) {
      return {0, {}, kNoDevice};
    }
    const auto begin = Clock::now();
    for (std::uint64_t at = 0; fine_ && at < kSize / sizeof(*device_.words); at += kPageSize / sizeof(*device_.words)) {
      ++device_.words[at];
    }
    const double seconds = since(begin);
    return fine_ ? Turn{seconds * 1e3, {{"ns_per_page", seconds * 1e9 / (kSize / kPageSize)}}, ""}
                 : Turn{0, {}, "no write-back"};
  }

private:
  daxemu::Outcome<fault::WriteBackTotals> again() {
    return tracked_ ? device_.repeated->again() : cli::write_back(device_.platform->store);
  }
  bool tracked_;
  Device device_;
  bool fine_ = false;
};

Turn fio(const std::string& direction) {
  const std::string command = "fio --name=disk --filename=" + folder + "/fio.img --size=" + std::to_string(kSize) +
                              " --rw=" + direction +
                              " --bs=1M --direct=1 --ioengine=io_uring --iodepth=8 --end_fsync=1 --output-format=json";
  FILE* out = ::popen(command.c_str(), "r");
  std::string text;
  char piece[4096];
  for (std::size_t got = 0; out != nullptr && (got = std::fread(piece, 1, sizeof piece, out)) > 0;) {
    text.append(piece, got);
  }
  const bool fine = out != nullptr && ::pclose(out) == 0;
  const auto json = nlohmann::json::parse(text.substr(std::min(text.find('{'), text.size())), nullptr, false);
  return fine && !json.is_discarded() ? of(json["jobs"][0]["job_runtime"].get<double>() / 1e3)
                                      : Turn{0, {}, "fio failed; python-free-scripts/deps bench installs it"};
}

void add_repeated(Pairs& pairs) {
  const auto tracked = std::make_shared<std::unique_ptr<Repeated>>();
  const auto compared = std::make_shared<std::unique_ptr<Repeated>>();
  const auto of_both = [&](const std::string& name, Turn (Repeated::*turn)(), const char* other, int times) {
    const auto one = [turn](const std::shared_ptr<std::unique_ptr<Repeated>>& of, bool with) {
      return [of, turn, with] {
        if (*of == nullptr) {
          *of = std::make_unique<Repeated>(with);
        }
        return (**of.*turn)();
      };
    };
    pairs.add({"ms",
               {{name + "/tracked", one(tracked, true)}, {name + other, one(compared, false)}},
               times,
               {},
               [tracked, compared] {
                 tracked->reset();
                 compared->reset();
               }});
  };
  of_both("image/write_back_little", &Repeated::little, "/compared", 2);
  of_both("image/write_after", &Repeated::writes_after, "/untracked", 1);
}

} // namespace

int main(int argc, char** argv) {
  Pairs pairs(argc, argv);
  if (argc < 2 || !std::filesystem::is_directory(argv[1])) {
    std::fputs("daxemu-bench-image: the first argument is a folder on the disk to be measured\n", stderr);
    return 2;
  }
  folder = argv[1];
  { // so that there is something to load
    const Device device;
    if (device.words == nullptr) {
      return 1;
    }
    device.fill();
    if (!cli::write_back(device.platform->store)) {
      return 1;
    }
    device.give_back();
  }
  pairs.add({"ms", {{"image/load/daxemu", load}, {"image/load/fio", [] { return fio("read"); }}}});
  pairs.add({"us",
             {{"image/first_touch/daxemu", [] { return first_touch(false, kShmem); }},
              {"image/first_touch/floor", [] { return floor_of(kShmem); }},
              {"image/first_touch_random/daxemu", [] { return first_touch(true, kShmem); }}}});
  pairs.add({"us",
             {{"image/first_touch_hugetlb/daxemu", [] { return first_touch(false, kHugetlb); }},
              {"image/first_touch_hugetlb/floor", [] { return floor_of(kHugetlb); }}}});
  pairs.add({"ms", {{"image/open_sparse_1T", open_sparse}}});
  pairs.add({"ms", {{"image/write_back/daxemu", write_back}, {"image/write_back/fio", [] { return fio("write"); }}}});
  add_repeated(pairs);
  const int status = pairs.run();
  std::filesystem::remove(image_path());
  std::filesystem::remove(folder + "/fio.img");
  return status;
}
