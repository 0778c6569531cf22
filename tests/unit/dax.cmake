daxemu_unit_test(unit_dax builder_test.cpp device_index_test.cpp dax_bytes_test.cpp dax_concurrency_test.cpp dax_node_policy_test.cpp nd/btt_test.cpp nd/nd_disk_test.cpp LINK emu_dax emu_backing)
