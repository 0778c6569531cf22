# Manual pages and completions, made from the verbs' own table at each build, and the C API's from its headers.
add_executable(daxemu-pages pages/write_pages.cpp)
target_link_libraries(daxemu-pages PRIVATE runtime_cli)
set(pages ${PROJECT_BINARY_DIR}/pages)
file(GLOB headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/runtime/api/include/daxemu/*.h)
add_custom_command(OUTPUT ${pages}/made
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${pages}
  COMMAND daxemu-pages ${pages}
  COMMAND gzip -9nr ${pages}/man1
  COMMAND ${PROJECT_SOURCE_DIR}/runtime/api/man/make-pages ${PROJECT_VERSION} ${pages}/man3 ${headers}
  COMMAND ${CMAKE_COMMAND} -E touch ${pages}/made
  DEPENDS daxemu-pages ${headers} ${PROJECT_SOURCE_DIR}/runtime/api/man/make-pages ${PROJECT_SOURCE_DIR}/runtime/api/man/page.awk
  COMMENT "Manual pages and completions" VERBATIM)
add_custom_target(pages ALL DEPENDS ${pages}/made)

install(DIRECTORY ${pages}/man1 DESTINATION ${CMAKE_INSTALL_MANDIR} COMPONENT runtime)
install(DIRECTORY ${pages}/man3 DESTINATION ${CMAKE_INSTALL_MANDIR} COMPONENT dev)
install(FILES ${pages}/completions/bash/daxemu DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
  COMPONENT runtime)
install(FILES ${pages}/completions/zsh/_daxemu DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions
  COMPONENT runtime)
install(FILES ${pages}/completions/fish/daxemu.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d
  COMPONENT runtime)
