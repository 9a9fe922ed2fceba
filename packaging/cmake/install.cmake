# What `cmake --install` and `cpack` put where. Included by the top CMakeLists.txt.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# The components are the Debian packages.
set(runtime libaistudio-auth1)
set(development libaistudio-auth-dev)
set(command aistudio-auth)

set(installed aistudio_auth)
if(AISTUDIO_AUTH_BUILD_TESTING_LIBRARY)
  list(APPEND installed aistudio_auth_testing)
endif()
install(TARGETS ${installed} EXPORT aistudio_auth-targets
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT ${runtime}
          NAMELINK_COMPONENT ${development}
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT ${development})

install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/aistudio"
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT ${development}
  PATTERN testing EXCLUDE)
if(AISTUDIO_AUTH_BUILD_TESTING_LIBRARY)
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/aistudio/auth/testing"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/aistudio/auth" COMPONENT ${development})
endif()

# find_package
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/aistudio_auth")
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/config.cmake.in"
  "${PROJECT_BINARY_DIR}/aistudio_auth-config.cmake" INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/aistudio_auth-config-version.cmake"
  COMPATIBILITY SameMajorVersion)
install(FILES "${PROJECT_BINARY_DIR}/aistudio_auth-config.cmake"
              "${PROJECT_BINARY_DIR}/aistudio_auth-config-version.cmake"
  DESTINATION "${package_dir}" COMPONENT ${development})
install(EXPORT aistudio_auth-targets NAMESPACE aistudio:: DESTINATION "${package_dir}"
  COMPONENT ${development})

# pkg-config. What a static library needs is named in Requires and Libs, not in the private
# fields: those make `pkg-config --static` ask for static builds of everything below, too.
set(AISTUDIO_AUTH_PC_REQUIRES "grpc++ absl_status absl_statusor absl_time")
set(AISTUDIO_AUTH_PC_LIBS "")
if(NOT BUILD_SHARED_LIBS)
  string(APPEND AISTUDIO_AUTH_PC_REQUIRES " absl_strings libcurl libcrypto protobuf")
  set(AISTUDIO_AUTH_PC_LIBS "-pthread")
endif()
set(AISTUDIO_AUTH_PC_LIBDIR "${CMAKE_INSTALL_FULL_LIBDIR}")
set(AISTUDIO_AUTH_PC_INCLUDEDIR "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
set(pc_files aistudio_auth)
if(AISTUDIO_AUTH_BUILD_TESTING_LIBRARY)
  list(APPEND pc_files aistudio_auth_testing)
endif()
foreach(name IN LISTS pc_files)
  configure_file("${CMAKE_CURRENT_LIST_DIR}/${name}.pc.in"
    "${PROJECT_BINARY_DIR}/${name}.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/${name}.pc"
    DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT ${development})
endforeach()

if(AISTUDIO_AUTH_BUILD_CLI)
  # The command finds a shared library beside it, where the loader would not look by itself.
  if(BUILD_SHARED_LIBS AND UNIX AND NOT APPLE AND NOT DEFINED CMAKE_INSTALL_RPATH
     AND NOT CMAKE_INSTALL_FULL_LIBDIR IN_LIST CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES)
    file(RELATIVE_PATH libraries "${CMAKE_INSTALL_FULL_BINDIR}" "${CMAKE_INSTALL_FULL_LIBDIR}")
    set_target_properties(aistudio-auth PROPERTIES INSTALL_RPATH "$ORIGIN/${libraries}")
  endif()
  install(TARGETS aistudio-auth RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}"
    COMPONENT ${command})
  install(FILES "${PROJECT_SOURCE_DIR}/scripts/completion.bash"
    DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" RENAME aistudio-auth
    COMPONENT ${command})
endif()

foreach(component IN ITEMS ${runtime} ${development} ${command})
  install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" RENAME copyright
    DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/${component}" COMPONENT ${component}
    EXCLUDE_FROM_ALL)
endforeach()

# Debian packages, of the preset "package": `cpack -G DEB`.
if(NOT top_level)
  return()
endif()
set(CPACK_PACKAGE_NAME aistudio-auth)
set(CPACK_PACKAGE_VENDOR "The aistudio-auth authors")
set(CPACK_PACKAGE_CONTACT "The aistudio-auth authors <aistudio-auth@localhost>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL ${runtime} ${development} ${command})
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
# dpkg-shlibdeps finds the library there; its package is named below.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS "${PROJECT_BINARY_DIR}")
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS OFF)
set(same "${runtime} (= ${PROJECT_VERSION})")

set(CPACK_DEBIAN_LIBAISTUDIO-AUTH1_PACKAGE_NAME ${runtime})
set(CPACK_DEBIAN_LIBAISTUDIO-AUTH1_PACKAGE_SECTION libs)
set(CPACK_COMPONENT_LIBAISTUDIO-AUTH1_DESCRIPTION "${PROJECT_DESCRIPTION} (library)")

set(CPACK_DEBIAN_LIBAISTUDIO-AUTH-DEV_PACKAGE_NAME ${development})
set(CPACK_DEBIAN_LIBAISTUDIO-AUTH-DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_LIBAISTUDIO-AUTH-DEV_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_LIBAISTUDIO-AUTH-DEV_PACKAGE_DEPENDS
  "${same}, libgrpc++-dev, libabsl-dev, libprotobuf-dev, libssl-dev, pkg-config")
set(CPACK_COMPONENT_LIBAISTUDIO-AUTH-DEV_DESCRIPTION
  "${PROJECT_DESCRIPTION} (headers, and a fake cloud for tests)")

set(CPACK_DEBIAN_AISTUDIO-AUTH_PACKAGE_NAME ${command})
set(CPACK_DEBIAN_AISTUDIO-AUTH_PACKAGE_SECTION net)
set(CPACK_DEBIAN_AISTUDIO-AUTH_PACKAGE_DEPENDS "${same}")
set(CPACK_COMPONENT_AISTUDIO-AUTH_DESCRIPTION "${PROJECT_DESCRIPTION} (command line)")
include(CPack)
