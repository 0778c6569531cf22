// Changes of a device in several steps, as one: until the last step is done, the store keeps what the device was, and
// whoever finds the changer dead puts it back.
#pragma once

#include "emu/store/store.hpp"

namespace daxemu::dax {

// Lives while a device's ranges, alignment or file change; its end commits. The caller holds a Change.
class Undo {
public:
  Undo(const store::Store& store, const store::DeviceRecord& device);
  Undo(const Undo&) = delete;
  Undo& operator=(const Undo&) = delete;
  ~Undo();

private:
  store::UndoRecord& record_;
};

// Puts back what a dead changer had begun, if it had.
void roll_back(const store::Store& store);

} // namespace daxemu::dax
