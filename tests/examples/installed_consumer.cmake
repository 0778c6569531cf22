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

# What daxemu_add_test does not understand it names.
file(WRITE ${WORK}/wrong/CMakeLists.txt "cmake_minimum_required(VERSION 3.16)\nproject(wrong NONE)\nfind_package(daxemu REQUIRED)\n"
  "daxemu_add_test(SIZES 2M NAME x COMMAND true)\n")
execute_process(COMMAND ${CMAKE_COMMAND} -S ${WORK}/wrong -B ${WORK}/wrong/build -DCMAKE_PREFIX_PATH=${prefix}
  RESULT_VARIABLE result ERROR_VARIABLE said OUTPUT_QUIET)
if(result EQUAL 0 OR NOT said MATCHES "FLAGS")
  message(FATAL_ERROR "daxemu_add_test(SIZES): ${said}")
endif()

set(ENV{PKG_CONFIG_PATH} ${prefix}/${LIBDIR}/pkgconfig)
find_program(compiler NAMES cc gcc REQUIRED)
execute_process(COMMAND pkg-config --define-variable=prefix=${prefix} --cflags --libs daxemu
  OUTPUT_VARIABLE flags OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
separate_arguments(flags UNIX_COMMAND "${flags}")
run(${compiler} -std=c11 -Wall -Wextra -Werror ${SOURCE}/consumer/plain.c -o ${WORK}/plain ${flags})
set(ENV{LD_LIBRARY_PATH} ${prefix}/${LIBDIR})
run(${WORK}/plain)
