# A CXL bus by flags and from files, as stock cxl sees it.
add_executable(gone_program programs/gone_program.c)
foreach(version 81 85)
  daxemu_client_test(cxl.platforms.${version} cxl/cxl_platforms_test.sh TIMEOUT 400 ARGS ${version})
endforeach()
# Platforms that share memdevs.
foreach(version 81 85)
  daxemu_client_test(cxl.share.${version} cxl/cxl_share_test.sh TIMEOUT 400 ARGS ${version})
endforeach()
daxemu_client_test(cxl.losses cxl/cxl_losses_test.sh TIMEOUT 300 ARGS 81)
