# What find_package(daxemu) and pkg-config daxemu find.
include(CMakePackageConfigHelpers)
install(TARGETS daxemu_shared EXPORT daxemu LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/daxemu DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT daxemu NAMESPACE daxemu:: FILE daxemuTargets.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/daxemu)
configure_package_config_file(daxemuConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/daxemuConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/daxemu)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/daxemuConfigVersion.cmake COMPATIBILITY SameMinorVersion)
configure_file(daxemu.pc.in ${CMAKE_CURRENT_BINARY_DIR}/daxemu.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/daxemuConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/daxemuConfigVersion.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/daxemu)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/daxemu.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
