daxemu_unit_test(unit_cxl_mailbox cxl/mailbox_guest_test.cpp cxl/mailbox_labels_test.cpp cxl/mailbox_device_test.cpp
  LINK emu_cxl_mailbox)
target_compile_definitions(unit_cxl_mailbox PRIVATE DAXEMU_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
