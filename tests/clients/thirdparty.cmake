# Large programs that have nothing to do with the device start under the preload library and do their work.
foreach(program fio git java node pmdk postgresql redis)
  daxemu_client_test(thirdparty.${program} tools/thirdparty_test.sh ARGS ${program})
endforeach()
