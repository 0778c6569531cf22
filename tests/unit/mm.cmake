daxemu_unit_test(unit_mm mm/mm_counts_test.cpp mm/mm_pages_test.cpp mm/mm_holders_test.cpp mm/mm_holder_turns_test.cpp mm/mm_vmemmap_test.cpp mm/failure_log_test.cpp LINK emu_mm)
