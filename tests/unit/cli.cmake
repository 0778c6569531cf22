daxemu_unit_test(unit_cli stat_report_test.cpp top_view_test.cpp LINK runtime_cli)
