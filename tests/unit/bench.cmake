daxemu_unit_test(unit_bench bench/statistics_test.cpp bench/goals_test.cpp bench/pairs_test.cpp LINK daxemu_bench_frame)
