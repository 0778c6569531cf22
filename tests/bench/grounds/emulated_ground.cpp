// daxemu's engines, without the preload library: the AddressSpace that its hooks forward to.
#include <csignal>
#include <cstdlib>
#include <map>
#include <tuple>

#include "emu/mm/folio_table.hpp"
#include "runtime/cli/platforms/platform_builder.hpp"
#include "runtime/fault/space/address_space.hpp"
#include "tests/bench/grounds/memory_file.hpp"

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
                                                                  {"inline_exact", store::EngineKind::inline_},
                                                                  {"populate", store::EngineKind::populate}};
  return kKinds.at(engine);
}

class Emulated final : public Ground {
public:
  Emulated(const Shape& shape, const std::string& engine) : shape_(shape) {
    cli::PlatformOptions options;
    options.size = shape.bytes();
    options.align = shape.extent;
    options.backing = shape.memory == Memory::hugetlb ? store::BackingKind::hugetlb : store::BackingKind::shmem;
    options.engine = kind_of(engine);
    options.exact = engine.ends_with("_exact");
    auto built = cli::build_platform(options, "bench", files_);
    if (!built) {
      problem = built.error().what;
      return;
    }
    platform_ = std::make_unique<cli::BuiltPlatform>(std::move(*built));
    device_ = platform_->store.device_named("dax0.0");
    space_ = new fault::AddressSpace(platform_->store);
    inline_ = options.engine == store::EngineKind::inline_;
  }
  Emulated(const Emulated&) = delete;
  Emulated& operator=(const Emulated&) = delete;
  ~Emulated() override = default; // never called: see emulated()
  char* map() override {
    if (inline_) {
      serving = space_;
      struct sigaction action = {};
      action.sa_sigaction = on_sigbus;
      action.sa_flags = SA_SIGINFO | SA_NODEFER;
      ::sigaction(SIGBUS, &action, nullptr);
    }
    if (device_ == nullptr) {
      return nullptr;
    }
    auto base = space_->map(*device_, platform_->held.front().get(), nullptr, shape_.bytes(), PROT_READ | PROT_WRITE,
                            MAP_SHARED, 0);
    if (!base) {
      problem = "map failed";
      return nullptr;
    }
    return static_cast<char*>(*base);
  }
  void unmap(char* base) override { (void)space_->unmap(base, shape_.bytes()); }
  [[nodiscard]] char* map_by_the_kernel() const {
    if (device_ == nullptr) {
      return nullptr;
    }
    void* base = ::mmap(nullptr, shape_.bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, platform_->held.front().get(), 0);
    return base == MAP_FAILED ? nullptr : static_cast<char*>(base);
  }
  void unmap_by_the_kernel(char* base) const { ::munmap(base, shape_.bytes()); }
  // And nobody remembers it either: a page that was touched once is believed to be there.
  void freshen() override {
    if (device_ == nullptr) {
      return;
    }
    auto folios = mm::FolioTable::open(device_->folios_location.c_str(), shape_.extents);
    for (std::uint64_t at = 0; folios && at < shape_.extents; ++at) {
      (*folios)[ExtentIndex(at)].flags = 0;
    }
    (void)::fallocate(platform_->held.front().get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
                      static_cast<off_t>(shape_.bytes()));
  }

private:
  Shape shape_;
  backing::MemfdSource files_;
  std::unique_ptr<cli::BuiltPlatform> platform_;
  store::DeviceRecord* device_ = nullptr;
  fault::AddressSpace* space_ = nullptr;
  bool inline_ = false;
};

// Gives the memory back when a benchmark is through with it.
class Borrowed final : public Ground {
public:
  explicit Borrowed(Emulated& lender) : lender_(lender) {}
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;
  ~Borrowed() override {
    serving = nullptr;
    lender_.freshen();
  }
  char* map() override {
    char* base = lender_.map();
    problem = lender_.problem;
    return base;
  }
  void unmap(char* base) override { lender_.unmap(base); }
  void freshen() override { lender_.freshen(); }

private:
  Emulated& lender_;
};

// Nothing is given back.
class SamePages final : public Ground {
public:
  SamePages(Emulated& lender, bool by_the_kernel) : lender_(lender), by_the_kernel_(by_the_kernel) {}
  char* map() override {
    char* base = by_the_kernel_ ? lender_.map_by_the_kernel() : lender_.map();
    problem = lender_.problem;
    return base;
  }
  void unmap(char* base) override {
    if (by_the_kernel_) {
      lender_.unmap_by_the_kernel(base);
    } else {
      lender_.unmap(base);
    }
  }
  void freshen() override {}

private:
  Emulated& lender_;
  bool by_the_kernel_;
};

// One of each for the whole run: an address space's threads and descriptors are a process's, to its end.
Emulated& lender(const Shape& shape, const std::string& engine) {
  static std::map<std::tuple<Memory, std::uint64_t, std::uint64_t, std::string>, Emulated*> made;
  Emulated*& one = made[{shape.memory, shape.extent, shape.extents, engine}];
  if (one == nullptr) {
    one = new Emulated(shape, engine);
  }
  return *one;
}

} // namespace

std::unique_ptr<Ground> emulated(const Shape& shape, const std::string& engine) {
  return std::make_unique<Borrowed>(lender(shape, engine));
}

std::unique_ptr<Ground> same_pages(const Shape& shape, bool by_the_kernel) {
  return std::make_unique<SamePages>(lender(shape, "handler"), by_the_kernel);
}

} // namespace daxemu::bench
