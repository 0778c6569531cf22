// An image's bytes to the device and back, beside what fio gets out of the same file by O_DIRECT.
//   daxemu-bench-image FOLDER [google benchmark flags]     FOLDER: on the disk to be measured
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <random>
#include <string>

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/cli/images/image_platform.hpp"
#include "runtime/cli/platforms/platform_builder.hpp"
#include "runtime/fault/space/address_space.hpp"

namespace {

using namespace daxemu;

constexpr std::uint64_t kSize = 256ULL << 20;
constexpr std::uint64_t kExtent = 2ULL << 20;
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

  explicit Device(bool tracked = false) {
    cli::PlatformOptions options;
    options.size = kSize;
    options.backing = store::BackingKind::shmem;
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
      (void)::fallocate(platform->held.front().get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, kSize);
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

void report(benchmark::State& state, double seconds) {
  state.SetIterationTime(seconds);
  state.counters["mb_per_s"] = static_cast<double>(kSize) / 1e6 / seconds;
}

void load(benchmark::State& state) {
  for ([[maybe_unused]] auto _ : state) {
    forget_pages(image_path());
    const Device device;
    if (device.words == nullptr) {
      state.SkipWithError("no device");
      break;
    }
    const auto begin = std::chrono::steady_clock::now();
    std::uint64_t sum = 0;
    for (std::uint64_t at = 0; at < kSize; at += kExtent) {
      sum += static_cast<volatile std::uint64_t*>(device.words)[at / sizeof(*device.words)];
    }
    report(state, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    benchmark::DoNotOptimize(sum);
    device.give_back();
  }
}

void write_back(benchmark::State& state) {
  for ([[maybe_unused]] auto _ : state) {
    const Device device;
    if (device.words == nullptr) {
      state.SkipWithError("no device");
      break;
    }
    device.fill();
    const auto begin = std::chrono::steady_clock::now();
    const auto done = cli::write_back(device.platform->store);
    report(state, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    if (!done || done->bytes != kSize) {
      state.SkipWithError("not all was written");
    }
    device.give_back();
  }
}

// A write-back while a program runs, which has written to one extent in 64 since the one before.
void write_back_little(benchmark::State& state, bool tracked) {
  constexpr std::uint64_t kApart = 64 * kExtent / sizeof(std::uint64_t);
  const Device device(tracked);
  if (device.words == nullptr) {
    state.SkipWithError("no device");
    return;
  }
  device.fill();
  const auto again = [&] { return tracked ? device.repeated->again() : cli::write_back(device.platform->store); };
  bool fine = again() && again(); // the first one knows of no earlier one
  for ([[maybe_unused]] auto _ : state) {
    for (std::uint64_t at = 0; at < kSize / sizeof(*device.words); at += kApart) {
      ++device.words[at];
    }
    const auto begin = std::chrono::steady_clock::now();
    const auto done = again();
    state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    fine = fine && done && done->written == kSize / kExtent / 64;
  }
  if (!fine) {
    state.SkipWithError("not what had changed was written");
  }
  device.give_back();
}

// The first write to each page after a write-back: what noting them costs the program.
void write_after_write_back(benchmark::State& state, bool tracked) {
  const Device device(tracked);
  if (device.words == nullptr) {
    state.SkipWithError("no device");
    return;
  }
  device.fill();
  double best = 1e9;
  for ([[maybe_unused]] auto _ : state) {
    if (tracked ? !device.repeated->again() : !cli::write_back(device.platform->store)) {
      state.SkipWithError("no write-back");
    }
    const auto begin = std::chrono::steady_clock::now();
    for (std::uint64_t at = 0; at < kSize / sizeof(*device.words); at += kPageSize / sizeof(*device.words)) {
      ++device.words[at];
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    best = std::min(best, seconds);
    state.SetIterationTime(seconds);
  }
  state.counters["ns_per_page"] = best * 1e9 / static_cast<double>(kSize / kPageSize);
  device.give_back();
}

void fio(benchmark::State& state, const std::string& direction) {
  const std::string command = "fio --name=disk --filename=" + folder + "/fio.img --size=" + std::to_string(kSize) +
                              " --rw=" + direction +
                              " --bs=1M --direct=1 --ioengine=io_uring --iodepth=8 --end_fsync=1 --output-format=json";
  for ([[maybe_unused]] auto _ : state) {
    FILE* out = ::popen(command.c_str(), "r");
    std::string text;
    char piece[4096];
    for (std::size_t got = 0; out != nullptr && (got = std::fread(piece, 1, sizeof piece, out)) > 0;) {
      text.append(piece, got);
    }
    const bool fine = out != nullptr && ::pclose(out) == 0;
    const auto json = nlohmann::json::parse(text.substr(std::min(text.find('{'), text.size())), nullptr, false);
    if (!fine || json.is_discarded()) {
      state.SkipWithError("fio failed; python-free-scripts/deps demo installs it");
      break;
    }
    report(state, json["jobs"][0]["job_runtime"].get<double>() / 1e3);
  }
}

} // namespace

int main(int argc, char** argv) {
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
  const auto add = [](const char* name, auto function) {
    return benchmark::RegisterBenchmark(name, function)->UseManualTime()->Iterations(1)->Unit(benchmark::kMillisecond);
  };
  add("image/load/daxemu", load);
  add("image/load/fio", [](benchmark::State& state) { fio(state, "read"); });
  add("image/write_back/daxemu", write_back);
  add("image/write_back/fio", [](benchmark::State& state) { fio(state, "write"); });
  add("image/write_back_little/tracked", [](benchmark::State& state) {
    write_back_little(state, true);
  })->Iterations(8);
  add("image/write_back_little/compared", [](benchmark::State& state) {
    write_back_little(state, false);
  })->Iterations(8);
  add("image/write_after/tracked", [](benchmark::State& state) { write_after_write_back(state, true); })->Iterations(4);
  add("image/write_after/untracked", [](benchmark::State& state) {
    write_after_write_back(state, false);
  })->Iterations(4);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  std::filesystem::remove(image_path());
  std::filesystem::remove(folder + "/fio.img");
  return 0;
}
