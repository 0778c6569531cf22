daxemu_unit_test(unit_backing backing/backing_test.cpp backing/checksum_test.cpp backing/image_test.cpp LINK emu_backing)
