// The platform that is tortured, and what must be true of it whatever was killed.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <daxemu/device.h>

#include "emu/base/kernel/unique_fd.hpp"
#include "emu/store/store.hpp"
#include "tests/faults/torture.hpp"

namespace daxemu::torture {

// A named platform with an image, in folders of its own, and libdaxemu's platform for the pins.
class Lab {
public:
  explicit Lab(Shared& shared);
  ~Lab();
  Lab(const Lab&) = delete;
  Lab& operator=(const Lab&) = delete;

  // A new platform on the same image, as after a restart of the machine.
  void start(unsigned choice);
  void stop();

  [[nodiscard]] const store::Store& store() const { return *store_; }
  [[nodiscard]] std::string location() const { return (home_ / "torture" / "store").string(); }
  [[nodiscard]] daxemu_platform* pins() const { return pins_; }
  [[nodiscard]] daxemu_device* pinned() const { return pinned_; }

  // What the lab of process `pid` has left behind.
  static void remove_files(int pid);

  // With others alive and changing things: ranges are sound, sizes add up, files belong to one device each.
  void check_bus() const;
  // With everybody dead: nobody holds anything, and every committed version is in the image after a write-back.
  void check_quiet() const;
  // Everything but dax0.0 is given back, and all of it is there again.
  void clear_bus() const;

private:
  void check_image() const;

  Shared& shared_;
  std::filesystem::path home_;
  std::string image_;
  std::optional<store::Store> store_;
  daxemu_platform* pins_ = nullptr;
  daxemu_device* pinned_ = nullptr;
};

} // namespace daxemu::torture
