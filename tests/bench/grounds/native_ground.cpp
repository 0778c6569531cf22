#include "tests/bench/grounds/memory_file.hpp"

namespace daxemu::bench {
namespace {

class Native final : public Ground {
public:
  explicit Native(const Shape& shape) : file_(shape) {}
  char* map() override {
    char* base = file_.map();
    if (base == nullptr) {
      problem = "no pool of 2M huge pages that holds it";
    }
    return base;
  }
  void unmap(char* base) override { file_.unmap(base); }
  void freshen() override { file_.freshen(); }

private:
  MemoryFile file_;
};

} // namespace

std::unique_ptr<Ground> native(const Shape& shape) {
  return std::make_unique<Native>(shape);
}

} // namespace daxemu::bench
