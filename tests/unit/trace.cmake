daxemu_unit_test(unit_trace trace/trace_ring_test.cpp trace/trace_test.cpp trace/trace_why_test.cpp LINK emu_trace)
