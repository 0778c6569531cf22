# What programs ask of a CXL memory device by its mailbox, and what they were answered in a guest.
add_executable(memdev_program programs/memdev_program.c)
daxemu_client_test(cxl.memdev cxl/memdev_test.sh ARGS $<TARGET_FILE:memdev_program>)
foreach(version 81)
  daxemu_client_test(cxl.mailbox cxl/cxl_mailbox_test.sh TIMEOUT 300 ARGS ${version})
endforeach()
