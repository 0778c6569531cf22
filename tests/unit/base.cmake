daxemu_unit_test(unit_base base/profile_test.cpp base/processor_test.cpp base/sha256_test.cpp base/stat_word_test.cpp base/text_file_test.cpp LINK emu_base)
