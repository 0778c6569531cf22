# The emulated CXL bus against that of a guest, by the same scripts (cxl/README.md): every file of it in seventeen states, what stock
# cxl, daxctl and ndctl say, what the kernel answers to writes and tells its listeners.
function(daxemu_cxl_test kernel tools)
  foreach(name ${ARGN})
    daxemu_client_test(cxl.${name}.${kernel}.${tools} cxl/cxl_test.sh TIMEOUT 300 ARGS ${name} ${kernel} ${tools})
  endforeach()
endfunction()
set(steps list ram interleave pmem memdev labels refusals decoders)
daxemu_cxl_test(6.12 81 ${steps} odd bridges wide tree calls uevents writes-bus writes-region writes-bound writes-drivers)
daxemu_cxl_test(7.3 85 ${steps} odd bridges wide tree calls uevents writes-bus writes-region writes-bound writes-drivers famfs)
# The same answered from outside, as those are that a static shell starts.
if(NOT DAXEMU_SANITIZE) # whose runtime and ptrace(2) are in each other's way
  daxemu_client_test(cxl.odd.7.3.85.outside cxl/cxl_test.sh TIMEOUT 300 ARGS odd 7.3 85 --intercept kernel)
  daxemu_client_test(cxl.pmem.6.12.81.outside cxl/cxl_test.sh TIMEOUT 300 ARGS pmem 6.12 81 --intercept kernel)
endif()
daxemu_cxl_test(6.12 85 ${steps})
daxemu_cxl_test(7.3 81 ${steps})

# Programs on devices that cxl makes, by a user without capabilities.
daxemu_client_test(cxl.programs cxl/cxl_programs_test.sh TIMEOUT 300 ARGS 81)
# With UMF itself, where its tests were built (cxl/umf_build.sh).
daxemu_client_test(cxl.umf cxl/cxl_programs_test.sh TIMEOUT 400 ARGS 81 umf)
# What cxl waits for on the topology of the kernel's mock.
foreach(version 81 85)
  daxemu_client_test(cxl.events.${version} cxl/cxl_events_test.sh TIMEOUT 300 ARGS ${version})
endforeach()
