// The holder of a device through the public headers: a file system that hears of failures, of the device's end, and is
// asked before long-term pins.
#include <daxemu/gtest.hpp>
#include <daxemu/holder.hpp>
#include <daxemu/sigbus.hpp>

#include <cerrno>
#include <mutex>

namespace {

constexpr std::uint64_t kBlock = 4096;

template <class Body>
int errno_of(Body body) {
  try {
    body();
  } catch (const daxemu::Error& error) {
    return error.error();
  }
  return 0;
}

struct Told {
  std::uint64_t offset;
  std::uint64_t length;
  int flags;
  bool operator==(const Told& other) const {
    return offset == other.offset && length == other.length && flags == other.flags;
  }
};

// Notes what it is told; handles failures as long as `says` is 0; refuses long-term pins of `refused`'s pages.
class Recorder final : public daxemu::Holder {
public:
  ~Recorder() override { put(); }
  std::vector<Told> told;
  std::vector<unsigned long> asked; // pfn, first, nr_pages
  int says = 0;
  unsigned long refused = 0;

protected:
  int notify_failure(std::uint64_t offset, std::uint64_t length, int flags) override {
    told.push_back({offset, length, flags});
    return says;
  }
  int longterm_pin(daxemu_folio* folio, unsigned long first, unsigned long nr_pages) override {
    asked.insert(asked.end(), {daxemu_folio_pfn(folio), first, nr_pages});
    return daxemu_folio_pfn(folio) == refused ? -EACCES : 0;
  }
};

class HolderTest : public testing::TestWithParam<std::string> {
protected:
  void SetUp() override { platform_.use(); }
  [[nodiscard]] daxemu::Device device(const char* type, std::uint64_t align = kBlock) const {
    daxemu::DeviceOptions options;
    options.size = 4U << 20;
    options.align = align;
    options.type = type;
    options.mode = "emulate";
    options.backing = "shmem";
    return {platform_, options};
  }
  daxemu::Platform platform_{"holders", GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Kernels, HolderTest, testing::ValuesIn(daxemu::kernels()), daxemu::KernelName());

TEST_P(HolderTest, OneHolderAtATimeOfMemoryThatCanBeHeld) {
  auto made = device("FS_DAX");
  Recorder first;
  Recorder second;
  EXPECT_EQ(daxemu_dax_holder(made.get()), nullptr);
  first.hold(made);
  EXPECT_EQ(daxemu_dax_holder(made.get()), &first);
  EXPECT_EQ(errno_of([&] { second.hold(made); }), EBUSY);
  EXPECT_EQ(errno_of([&] { made.close(); }), EBUSY) << "held";
  first.put();
  second.hold(made);
  EXPECT_EQ(daxemu_dax_holder(made.get()), &second);
  second.put();
  EXPECT_EQ(errno_of([&] { first.hold(device("GENERIC")); }), EOPNOTSUPP) << "fs_dax_get(): driver device_dax";
  daxemu_dax_holder_ops none{};
  EXPECT_EQ(daxemu_fs_dax_get(made.get(), &first, nullptr), -EINVAL);
  EXPECT_EQ(daxemu_fs_dax_get(made.get(), &first, &none), -EINVAL) << "struct_size";
  none.struct_size = sizeof(none.struct_size);
  EXPECT_EQ(daxemu_fs_dax_get(made.get(), nullptr, &none), -EINVAL);
  EXPECT_EQ(daxemu_fs_dax_get(made.get(), &first, &none), 0) << "a holder without operations";
  daxemu_fs_put_dax(made.get(), &second);
  EXPECT_EQ(daxemu_dax_holder(made.get()), &first) << "somebody else's put";
  made.unbind(0);
  EXPECT_EQ(daxemu_dax_holder(made.get()), nullptr) << "kill_dax() clears it";
  EXPECT_EQ(errno_of([&] { second.hold(made); }), ENODEV);
}

TEST_P(HolderTest, HearsOfFailuresAndOfTheDevicesEnd) {
  const auto made = device("FS_DAX");
  Recorder holder;
  holder.hold(made);
  made.poison(5 * kBlock + 17);
  EXPECT_EQ(holder.told, (std::vector<Told>{{5 * kBlock, kBlock, 0}}));
  EXPECT_FALSE(daxemu_folio_test_hwpoison(daxemu_page_folio(daxemu_pfn_to_page(made.first_pfn() + 5)))) << "handled";
  holder.says = -EIO;
  EXPECT_EQ(errno_of([&] { made.poison(0); }), EIO);
  holder.says = -EOPNOTSUPP;
  made.poison(0);
  EXPECT_TRUE(daxemu_folio_test_hwpoison(daxemu_page_folio(daxemu_pfn_to_page(made.first_pfn())))) << "generic";
  holder.told.clear();
  made.unbind(0);
  made.unbind(0);
  const int gone = GetParam() == "6.1" ? 0 : DAXEMU_MF_MEM_PRE_REMOVE;
  EXPECT_EQ(holder.told, (std::vector<Told>{{0, UINT64_MAX, gone}})) << "once";
}

TEST_P(HolderTest, NamesTheFileThatIsHit) {
  const auto made = device("FS_DAX");
  const daxemu::File file(made);
  file.allocate(0, 8 * kBlock);
  auto mapping = file.map(8 * kBlock);
  mapping.touch(3 * kBlock);
  mapping.touch(4 * kBlock);
  unsigned long pfn = 0;
  {
    const daxemu::Pin pin(mapping.bytes() + 3 * kBlock, 1, 0);
    pfn = daxemu_page_to_pfn(pin.ranges()[0].page);
  }
  const std::uint64_t offset = (pfn - made.first_pfn()) * kBlock;
  std::uint64_t at = 0;
  EXPECT_EQ(daxemu_file_at(made.get(), offset + 5, &at), file.id());
  EXPECT_EQ(at, 3 * kBlock + 5);
  EXPECT_EQ(daxemu_folio_mapping(daxemu_page_folio(daxemu_pfn_to_page(pfn))), file.id());
  EXPECT_EQ(daxemu_file_at(made.get(), made.size() - 1, nullptr), 0U) << "free";
  EXPECT_EQ(daxemu_mf_dax_kill_procs(file.get(), at, 1, 0), 0);
  auto* const hit = daxemu_page_folio(daxemu_pfn_to_page(pfn));
  EXPECT_TRUE(daxemu_folio_test_hwpoison(hit));
  EXPECT_EQ(daxemu_folio_mapcount(hit), 0);
  EXPECT_EQ(errno_of([&] { mapping.touch(3 * kBlock); }), EHWPOISON);
  EXPECT_EQ(errno_of([&] { mapping.touch(4 * kBlock); }), 0);
  // All of it, taken away and not poisoned.
  EXPECT_EQ(daxemu_mf_dax_kill_procs(file.get(), 4 * kBlock, UINT64_MAX, DAXEMU_MF_MEM_PRE_REMOVE), 0);
  auto* const next = daxemu_page_folio(daxemu_pfn_to_page(pfn) + 1);
  EXPECT_FALSE(daxemu_folio_test_hwpoison(next));
  EXPECT_EQ(daxemu_folio_mapcount(next), 0);
}

TEST_P(HolderTest, IsAskedBeforeLongTermPinsOnly) {
  const auto made = device("FS_DAX-deny_longterm+deny_longterm_fast+ask_before_longterm");
  const daxemu::File file(made);
  file.allocate(0, 4 * kBlock);
  const auto mapping = file.map(4 * kBlock);
  EXPECT_EQ(errno_of([&] { const daxemu::Pin pin(mapping.data(), 1); }), EOPNOTSUPP) << "nobody to ask";
  Recorder holder;
  holder.hold(made);
  {
    const daxemu::Pin brief(mapping.data(), 4, DAXEMU_FOLL_WRITE);
    EXPECT_TRUE(holder.asked.empty());
  }
  const daxemu::Pin pin(mapping.data(), 2);
  ASSERT_EQ(holder.asked.size(), 6U);
  const unsigned long first = holder.asked[0];
  EXPECT_EQ(holder.asked, (std::vector<unsigned long>{first, 0, 1, holder.asked[3], 0, 1}));
  holder.refused = holder.asked[3];
  const daxemu::Pin half(mapping.data(), 4);
  EXPECT_EQ(half.nr_pages(), 1U) << "what was taken before the refusal is a success";
  EXPECT_EQ(errno_of([&] { const daxemu::Pin none(mapping.bytes() + kBlock, 2); }), EACCES);
  daxemu_page* page = nullptr;
  EXPECT_EQ(daxemu_pin_user_pages_fast(mapping.address(), 1, DAXEMU_FOLL_LONGTERM | DAXEMU_FOLL_FAST_ONLY, &page), 0);
}

TEST_P(HolderTest, IsAskedOncePerExtentOfDeviceDaxToo) {
  const std::uint64_t align = 2U << 20;
  const auto made = device("GENERIC+holder+deny_longterm_fast+ask_before_longterm", align);
  Recorder holder;
  holder.hold(made);
  const auto mapping = made.map(2 * align);
  const daxemu::Pin pin(mapping.bytes() + 4096 * 511, 3);
  EXPECT_EQ(holder.asked, (std::vector<unsigned long>{made.first_pfn(), 511, 1, made.first_pfn() + 512, 0, 2}));
}

} // namespace
