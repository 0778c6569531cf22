// From the first write of what `cxl create-region` writes to the first touch of the device that the region becomes,
// without cxl-cli's own time. Run under `daxemu run --region cxl --no-device`; the two writes of `daxctl
// reconfigure-device` are in it.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kExtent = 2U << 20U;

double microseconds(Clock::duration time) {
  return std::chrono::duration<double, std::micro>(time).count();
}

// Writes `text` to the attribute below /sys/bus, or says false.
bool put(const std::string& attribute, const std::string& text) {
  const int file = ::open(("/sys/bus/" + attribute).c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) {
    return false;
  }
  const bool taken = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(file);
  return taken;
}

std::string get(const std::string& attribute) {
  std::array<char, 64> text{};
  const int file = ::open(("/sys/bus/" + attribute).c_str(), O_RDONLY | O_CLOEXEC);
  const ssize_t length = file < 0 ? 0 : ::read(file, text.data(), text.size());
  if (file >= 0) {
    ::close(file);
  }
  std::string found(text.data(), static_cast<std::size_t>(length > 0 ? length : 0));
  return found.substr(0, found.find('\n'));
}

const std::string kDevices = "cxl/devices/";
const std::string kSize = "0x40000000"; // of the one memdev that each region takes: --size 1G

bool make_region(const std::string& region) {
  const std::string at = kDevices + region;
  const std::string endpoint = kDevices + "decoder2.0";
  return put(kDevices + "decoder0.0/create_ram_region", region) && put(at + "/interleave_granularity", "256\n") &&
         put(at + "/interleave_ways", "1\n") && put(at + "/size", kSize + "\n") && put(endpoint + "/dpa_size", "0\n") &&
         put(endpoint + "/mode", "ram") && put(endpoint + "/dpa_size", kSize + "\n") &&
         put(at + "/target0", "decoder2.0") && put(at + "/commit", "1\n") && put("cxl/drivers/cxl_region/bind", region);
}

bool to_device_dax(const std::string& device) {
  return put("dax/drivers/kmem/unbind", device) && put("dax/drivers/device_dax/new_id", device);
}

bool touch(const std::string& device) {
  const int node = ::open(("/dev/" + device).c_str(), O_RDWR | O_CLOEXEC);
  if (node < 0) {
    return false;
  }
  void* memory = ::mmap(nullptr, kExtent, PROT_READ | PROT_WRITE, MAP_SHARED, node, 0);
  ::close(node);
  if (memory == MAP_FAILED) {
    return false;
  }
  *static_cast<volatile char*>(memory) = 1;
  ::munmap(memory, kExtent);
  return true;
}

bool remove_region(const std::string& region, const std::string& device) {
  return put("dax/drivers/device_dax/remove_id", device) && // or it would have the next device of that name
         put(kDevices + "decoder0.0/delete_region", region) && put(kDevices + "decoder2.0/dpa_size", "0\n");
}

void region_to_first_touch(benchmark::State& state) {
  double made = 0;
  double bound = 0;
  double touched = 0;
  const int policy = ::open("/sys/devices/system/memory/auto_online_blocks", O_WRONLY | O_CLOEXEC);
  const bool offline = ::write(policy, "offline", 7) == 7; // what is on line cannot be taken back
  ::close(policy);
  for ([[maybe_unused]] auto _ : state) {
    const std::string region = get(kDevices + "decoder0.0/create_ram_region");
    const std::string device = "dax" + region.substr(std::min<std::size_t>(6, region.size())) + ".0";
    const auto begin = Clock::now();
    const bool is_made = offline && make_region(region);
    const auto after_region = Clock::now();
    const bool is_bound = is_made && to_device_dax(device);
    const auto after_device = Clock::now();
    const bool is_touched = is_bound && touch(device);
    const auto end = Clock::now();
    if (!is_touched || !remove_region(region, device)) {
      state.SkipWithError(!is_made    ? "no region is made"
                          : !is_bound ? "device_dax does not take it"
                                      : "it is not touched or removed");
      break;
    }
    state.SetIterationTime(std::chrono::duration<double>(end - begin).count());
    made += microseconds(after_region - begin);
    bound += microseconds(after_device - after_region);
    touched += microseconds(end - after_device);
  }
  using Counter = benchmark::Counter;
  state.counters["region_us"] = Counter(made, Counter::kAvgIterations);
  state.counters["device_dax_us"] = Counter(bound, Counter::kAvgIterations);
  state.counters["touch_us"] = Counter(touched, Counter::kAvgIterations);
}

BENCHMARK(region_to_first_touch)->Name("cxl/region_to_first_touch")->UseManualTime()->Unit(benchmark::kMillisecond);

} // namespace

BENCHMARK_MAIN();
