daxemu_unit_test(unit_backing backing_test.cpp checksum_test.cpp image_test.cpp LINK emu_backing)
