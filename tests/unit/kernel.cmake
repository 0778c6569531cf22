daxemu_unit_test(unit_kernel kernel/real_device_test.cpp LINK runtime_kernel)
