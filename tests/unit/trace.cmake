daxemu_unit_test(unit_trace trace_ring_test.cpp trace_test.cpp trace_why_test.cpp LINK emu_trace)
