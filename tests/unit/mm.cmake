daxemu_unit_test(unit_mm mm_counts_test.cpp mm_pages_test.cpp mm_holders_test.cpp mm_vmemmap_test.cpp LINK emu_mm)
