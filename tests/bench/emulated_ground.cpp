// daxemu's engines, without the preload library: the AddressSpace that its hooks forward to.
#include <csignal>
#include <cstdlib>
#include <map>

#include "runtime/cli/platform_builder.hpp"
#include "runtime/fault/address_space.hpp"
#include "tests/bench/memory_file.hpp"

namespace daxemu::bench {
namespace {

fault::AddressSpace* serving = nullptr; // whose inline engine the SIGBUS handler asks

void on_sigbus(int signal, siginfo_t* info, void* /*context*/) {
  if (serving == nullptr || !serving->resolve(info->si_addr)) {
    ::signal(signal, SIG_DFL);
  }
}

store::EngineKind kind_of(const std::string& engine) {
  static const std::map<std::string, store::EngineKind> kKinds = {{"handler", store::EngineKind::handler},
                                                                  {"inline", store::EngineKind::inline_},
                                                                  {"populate", store::EngineKind::populate}};
  return kKinds.at(engine);
}

class Emulated final : public Ground {
public:
  Emulated(Memory memory, const std::string& engine) {
    cli::PlatformOptions options;
    options.size = kBytes;
    options.align = kExtent;
    options.backing = memory == Memory::hugetlb ? store::BackingKind::hugetlb : store::BackingKind::shmem;
    options.engine = kind_of(engine);
    auto built = cli::build_platform(options, "bench", files_);
    if (!built) {
      problem = built.error().what;
      return;
    }
    platform_ = std::make_unique<cli::BuiltPlatform>(std::move(*built));
    device_ = platform_->store.device_named("dax0.0");
    // Never destroyed: its threads and descriptors are a process's, to its end.
    space_ = new fault::AddressSpace(platform_->store);
    if (options.engine == store::EngineKind::inline_) {
      serving = space_;
      struct sigaction action = {};
      action.sa_sigaction = on_sigbus;
      action.sa_flags = SA_SIGINFO;
      ::sigaction(SIGBUS, &action, nullptr);
    }
  }
  char* map() override {
    if (device_ == nullptr) {
      return nullptr;
    }
    auto base =
        space_->map(*device_, platform_->held.front().get(), nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
    if (!base) {
      problem = "map failed";
      return nullptr;
    }
    return static_cast<char*>(*base);
  }
  void unmap(char* base) override { (void)space_->unmap(base, kBytes); }
  void freshen() override {
    (void)::fallocate(platform_->held.front().get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, kBytes);
  }

private:
  backing::MemfdSource files_;
  std::unique_ptr<cli::BuiltPlatform> platform_;
  store::DeviceRecord* device_ = nullptr;
  fault::AddressSpace* space_ = nullptr;
};

} // namespace

std::unique_ptr<Ground> emulated(Memory memory, const std::string& engine) {
  return std::make_unique<Emulated>(memory, engine);
}

} // namespace daxemu::bench
