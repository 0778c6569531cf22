// An in-process platform: its store, its pages, this process's mappings, and the devices opened on it.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "emu/gup/gup.hpp"
#include "emu/store/store.hpp"
#include "runtime/api/device/kernel_consent.hpp"
#include "runtime/api/mm/process_mm.hpp"
#include "runtime/api/mm/ram_pool.hpp"

namespace daxemu::api {

class Platform {
public:
  // One that mirrors that kernel. Errors (Problem): ENOMEM, EMFILE.
  [[nodiscard]] static Outcome<std::unique_ptr<Platform>> create(const std::string& name, const Profile& profile);
  ~Platform();

  [[nodiscard]] store::Store& store() { return store_; }
  [[nodiscard]] const Profile& profile() const { return store_.profile(); }
  [[nodiscard]] mm::MemMap& mem_map() { return mem_map_; }
  [[nodiscard]] ProcessMm& mm() { return *mm_; }
  [[nodiscard]] const ProcessMm& mm() const { return *mm_; }
  [[nodiscard]] gup::Gup& gup() { return gup_; }

  [[nodiscard]] KernelConsent& consent() { return consent_; }

  void count_bad_release() { bad_releases_.fetch_add(1); }
  [[nodiscard]] std::uint64_t bad_releases() const { return bad_releases_; }
  // Devices open on it.
  std::atomic<int> devices{0};
  std::mutex opening;

private:
  explicit Platform(store::Store store) : store_(std::move(store)) {}

  store::Store store_;
  mm::MemMap mem_map_;
  std::unique_ptr<RamPool> ram_;
  std::unique_ptr<ProcessMm> mm_;
  gup::Gup gup_{mem_map_};
  KernelConsent consent_;
  std::atomic<std::uint64_t> bad_releases_{0};
};

// The platform that calls without one use; nullptr: none.
[[nodiscard]] Platform* current_platform();
void use_platform(Platform* platform);

} // namespace daxemu::api
