daxemu_unit_test(unit_nd nd/nd_errors_test.cpp nd/nd_labels_test.cpp nd/nd_many_labels_test.cpp LINK emu_nd)
