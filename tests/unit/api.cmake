daxemu_unit_test(unit_api api_behaviour_test.cpp api_c_test.cpp api_device_test.cpp api_dma_test.cpp api_file_test.cpp api_holder_test.cpp api_kernel_names_test.cpp
  api_remote_test.cpp api_touch_test.cpp LINK daxemu_shared)
# Random work by threads with an invariant checker: 2 s, DAXEMU_STRESS_SECONDS for more.
daxemu_unit_test(unit_api_stress api_stress_test.cpp LINK daxemu_shared)
