daxemu_unit_test(unit_api api_c_test.cpp api_device_test.cpp api_dma_test.cpp api_kernel_names_test.cpp api_remote_test.cpp LINK daxemu_shared)
