// A platform of 1 to 1,000 devices: making it, a program's start on it, the last device opened, mapped and touched, and
// stock daxctl's list of all. Each platform has a twin of this process (twin.hpp) that lives on it.
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>

#include <fcntl.h>
#include <unistd.h>

#include "tests/bench/frame/program.hpp"
#include "tests/bench/growth/growth.hpp"
#include "tests/bench/quick.hpp"
#include "tests/bench/twin.hpp"

namespace daxemu::bench {
namespace {

constexpr std::size_t kCounts[] = {1, 10, 100, 1'000};
constexpr int kOpens = 20; // in a turn

enum Work : std::size_t { kOpen, kStart, kList };

using DeviceTwin = Twin<double>;

// Microseconds.
double open_map_touch(std::size_t devices) {
  const std::string path = "/dev/dax0." + std::to_string(devices - 1);
  const auto begin = std::chrono::steady_clock::now();
  for (int at = 0; at < kOpens; ++at) {
    const int device = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    void* const base = device < 0 ? MAP_FAILED : ::mmap(nullptr, kExtent, kRw, MAP_SHARED, device, 0);
    if (base == MAP_FAILED) {
      return -1;
    }
    *static_cast<volatile char*>(base) = 1;
    ::munmap(base, kExtent);
    ::close(device);
  }
  return us_since(begin) / kOpens;
}

double us_of(const std::vector<std::string>& words) {
  const double seconds = run_program(words).seconds;
  return seconds < 0 ? -1 : seconds * 1e6;
}

std::string own_folder() {
  std::array<char, 4096> self{};
  (void)!::readlink("/proc/self/exe", self.data(), self.size() - 1);
  const std::string program(self.data());
  return program.substr(0, program.rfind('/'));
}

// The files that say what platforms are made of, for as long as the benchmark runs.
struct Files {
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("daxemu-bench-" + std::to_string(::getpid()));
  Files() { std::filesystem::create_directory(folder); }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;
  ~Files() {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }
  [[nodiscard]] std::string of(std::size_t devices) const {
    const std::string path = folder / std::to_string(devices);
    std::ofstream file(path);
    file << R"({"kernel": "6.1", "backing": "shmem", "regions": [{"devices": [)";
    for (std::size_t id = 0; id < devices; ++id) {
      file << (id == 0 ? "" : ", ") << R"({"id": )" << id << R"(, "size": "2M"})";
    }
    file << "]}]}\n";
    return path;
  }
};

} // namespace

int be_device_twin(std::size_t devices) {
  return be_twin<double>([devices](std::size_t work) {
    return work == kOpen ? open_map_touch(devices) : us_of({work == kStart ? "true" : "daxctl", "list"});
  });
}

void add_devices(Pairs& pairs) {
  const auto files = std::make_shared<Files>();
  struct Series {
    const char* name;
    Work work;
    int times;
  };
  Pairs::Group made{"us", {}, 1};
  std::vector<std::shared_ptr<std::unique_ptr<DeviceTwin>>> twins;
  for (const std::size_t count : kCounts) {
    if (quick() && count > 10) {
      continue;
    }
    const std::string file = files->of(count);
    twins.push_back(std::make_shared<std::unique_ptr<DeviceTwin>>());
    made.contenders.push_back(
        {"growth/devices_create/" + std::to_string(count), [file, files] {
           return turn_of(us_of({own_folder() + "/daxemu", "run", "--config", file, "--", "true"}), "daxemu run fails");
         }});
  }
  pairs.add(std::move(made));
  for (const auto& [name, work, times] :
       {Series{"open", kOpen, 4}, Series{"start", kStart, 4}, Series{"list", kList, 1}}) {
    Pairs::Group group{"us", {}, times};
    for (std::size_t at = 0; at < twins.size(); ++at) {
      const auto twin = twins[at];
      const std::size_t count = kCounts[at];
      const std::size_t what = work;
      group.contenders.push_back({std::string("growth/devices_") + name + "/" + std::to_string(count), [=] {
                                    if (*twin == nullptr) {
                                      *twin = std::make_unique<DeviceTwin>(
                                          std::vector<std::string>{"--devices", std::to_string(count)},
                                          std::vector<std::string>{"--config", files->of(count)});
                                    }
                                    double took = -1;
                                    (void)(*twin)->turn(what, took);
                                    return turn_of(took, what == kList ? "no daxctl, or it fails" : "no such device");
                                  }});
    }
    pairs.add(std::move(group));
  }
}

} // namespace daxemu::bench
