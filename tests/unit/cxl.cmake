daxemu_unit_test(unit_cxl
  cxl/attributes.cpp cxl/interleave_test.cpp cxl/recording_test.cpp cxl/region_test.cpp cxl/removal_test.cpp
  cxl/topology_test.cpp
  LINK emu_cxl emu_sysfs)
target_compile_definitions(unit_cxl PRIVATE DAXEMU_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
