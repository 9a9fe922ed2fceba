# An overlay port: it builds the clone that it lies in. In a registry of your own,
# vcpkg_from_git or vcpkg_from_github takes the place of this line.
get_filename_component(SOURCE_PATH "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

vcpkg_check_features(OUT_FEATURE_OPTIONS FEATURE_OPTIONS
  FEATURES
    testing AISTUDIO_AUTH_BUILD_TESTING_LIBRARY
    tools   AISTUDIO_AUTH_BUILD_CLI
)

vcpkg_cmake_configure(
  SOURCE_PATH "${SOURCE_PATH}"
  OPTIONS
    ${FEATURE_OPTIONS}
    -DAISTUDIO_AUTH_BUILD_TESTS=OFF
    -DAISTUDIO_AUTH_BUILD_EXAMPLES=OFF
    -DAISTUDIO_AUTH_BUILD_BENCHMARKS=OFF
    -DAISTUDIO_AUTH_WERROR=OFF
)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(PACKAGE_NAME aistudio_auth CONFIG_PATH lib/cmake/aistudio_auth)
vcpkg_fixup_pkgconfig()

if("tools" IN_LIST FEATURES)
  vcpkg_copy_tools(TOOL_NAMES aistudio-auth AUTO_CLEAN)
  file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/share/bash-completion")
endif()

file(REMOVE_RECURSE
  "${CURRENT_PACKAGES_DIR}/debug/include"
  "${CURRENT_PACKAGES_DIR}/debug/share"
)
file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
