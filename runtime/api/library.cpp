// libdaxemu.so is runtime_api whole; a library needs a source of its own.
#include <daxemu/device.h>
