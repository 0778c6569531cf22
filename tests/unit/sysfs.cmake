daxemu_unit_test(unit_sysfs
  sysfs/sysfs_inodes_test.cpp sysfs/sysfs_kmem_test.cpp sysfs/sysfs_left_memory_test.cpp sysfs/sysfs_nd_test.cpp sysfs/sysfs_order_test.cpp
  sysfs/sysfs_tree_test.cpp sysfs/sysfs_uevent_test.cpp sysfs/sysfs_values_test.cpp sysfs/sysfs_writes_test.cpp
  sysfs/cxl_recording_test.cpp sysfs/cxl_tree_test.cpp sysfs/cxl_uevent_test.cpp sysfs/cxl_values_test.cpp sysfs/known_paths_test.cpp sysfs/trace_buffer_test.cpp sysfs/trace_line_test.cpp
  LINK emu_sysfs emu_backing)
target_compile_definitions(unit_sysfs PRIVATE DAXEMU_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
