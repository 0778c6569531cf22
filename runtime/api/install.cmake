# What find_package(daxemu) and pkg-config daxemu find.
include(CMakePackageConfigHelpers)
install(TARGETS daxemu_shared EXPORT daxemu LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  COMPONENT runtime NAMELINK_COMPONENT dev)
install(DIRECTORY include/daxemu DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev)
install(EXPORT daxemu NAMESPACE daxemu:: FILE daxemuTargets.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/daxemu COMPONENT dev)
configure_package_config_file(daxemuConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/daxemuConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/daxemu PATH_VARS CMAKE_INSTALL_BINDIR)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/daxemuConfigVersion.cmake COMPATIBILITY SameMinorVersion)
configure_file(daxemu.pc.in ${CMAKE_CURRENT_BINARY_DIR}/daxemu.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/daxemuConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/daxemuConfigVersion.cmake
  ${CMAKE_CURRENT_SOURCE_DIR}/daxemuTest.cmake DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/daxemu COMPONENT dev)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/daxemu.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)
