daxemu_unit_test(unit_api api/api_behaviour_test.cpp api/api_c_test.cpp api/api_device_test.cpp api/api_dma_test.cpp api/api_file_test.cpp api/api_holder_test.cpp api/api_kernel_names_test.cpp
  api/api_remote_test.cpp api/api_sg_test.cpp api/api_touch_test.cpp LINK daxemu_shared)
# What the library has inside.
daxemu_unit_test(unit_api_inside api/mmap_lock_test.cpp LINK runtime_api)
# Random work by threads with an invariant checker: 2 s, DAXEMU_STRESS_SECONDS for more.
daxemu_unit_test(unit_api_stress api/api_stress_test.cpp LINK daxemu_shared)
