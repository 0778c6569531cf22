daxemu_unit_test(unit_sysfs sysfs_tree_test.cpp sysfs_values_test.cpp LINK emu_sysfs)
