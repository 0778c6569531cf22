#include "tests/bench/memory_file.hpp"

namespace daxemu::bench {
namespace {

class Native final : public Ground {
public:
  explicit Native(Memory memory) : file_(memory) {}
  char* map() override {
    char* base = file_.map();
    if (base == nullptr) {
      problem = "no pool of 2M huge pages that holds 64";
    }
    return base;
  }
  void unmap(char* base) override { ::munmap(base, kBytes); }
  void freshen() override { file_.freshen(); }

private:
  MemoryFile file_;
};

} // namespace

std::unique_ptr<Ground> native(Memory memory) {
  return std::make_unique<Native>(memory);
}

} // namespace daxemu::bench
