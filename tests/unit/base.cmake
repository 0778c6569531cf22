daxemu_unit_test(unit_base profile_test.cpp processor_test.cpp sha256_test.cpp text_file_test.cpp LINK emu_base)
