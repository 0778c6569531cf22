# Installs daxemu's build into a fresh prefix and builds the consumer against that, by find_package and by pkg-config.
# -DBUILD=<daxemu's build> -DSOURCE=<this folder> -DWORK=<a folder of our own> -DLIBDIR=lib
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${ARGN}\n${output}")
  endif()
  message(STATUS "${output}")
endfunction()

set(prefix ${WORK}/prefix)
file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix})

run(${CMAKE_COMMAND} -S ${SOURCE}/consumer -B ${WORK}/build -DCMAKE_PREFIX_PATH=${prefix})
run(${CMAKE_COMMAND} --build ${WORK}/build)
run(${CMAKE_COMMAND} -E chdir ${WORK}/build ctest --output-on-failure)
run(${CMAKE_COMMAND} -E chdir ${WORK}/build ctest --output-on-failure -L pair --no-tests=error)

# One test per kernel, each with its name, and under its kernel.
execute_process(COMMAND ${CMAKE_COMMAND} -E chdir ${WORK}/build ctest -V -L "mirrors" OUTPUT_VARIABLE said ERROR_VARIABLE said)
foreach(test registration.as.6.1 registration.as.7.3 registration.6_12)
  if(NOT said MATCHES "${test} [.]+ +Passed")
    message(FATAL_ERROR "no test ${test} that passed:\n${said}")
  endif()
endforeach()
if(said MATCHES "SKIPPED" OR NOT said MATCHES "\"--kernel\" \"6[.]12\"")
  message(FATAL_ERROR "the kernel is not handed on:\n${said}")
endif()

# What daxemu_add_test does not understand it names.
function(refused arguments words)
  file(WRITE ${WORK}/wrong/CMakeLists.txt "cmake_minimum_required(VERSION 3.16)\nproject(wrong NONE)\nfind_package(daxemu REQUIRED)\n"
    "daxemu_add_test(${arguments} NAME x COMMAND true)\n")
  execute_process(COMMAND ${CMAKE_COMMAND} -S ${WORK}/wrong -B ${WORK}/wrong/build -DCMAKE_PREFIX_PATH=${prefix}
    RESULT_VARIABLE result ERROR_VARIABLE said OUTPUT_QUIET)
  if(result EQUAL 0 OR NOT said MATCHES "${words}")
    message(FATAL_ERROR "daxemu_add_test(${arguments}): ${said}")
  endif()
endfunction()
refused("SIZES 2M" "FLAGS")
refused("KERNEL 5.10" "'5.10'")
refused("KERNEL 6.1 KERNELS all" "exclude")

set(ENV{PKG_CONFIG_PATH} ${prefix}/${LIBDIR}/pkgconfig)
find_program(compiler NAMES cc gcc REQUIRED)
execute_process(COMMAND pkg-config --define-variable=prefix=${prefix} --cflags --libs daxemu
  OUTPUT_VARIABLE flags OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
separate_arguments(flags UNIX_COMMAND "${flags}")
run(${compiler} -std=c11 -Wall -Wextra -Werror ${SOURCE}/consumer/plain.c -o ${WORK}/plain ${flags})
set(ENV{LD_LIBRARY_PATH} ${prefix}/${LIBDIR})
run(${WORK}/plain)
