import os

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, rmdir

required_conan_version = ">=2.0"


class AistudioAuthConan(ConanFile):
    name = "aistudio-auth"
    version = "0.1.0"
    description = "gRPC credentials for Yandex AI Studio"
    homepage = "https://yandex.cloud/services/ai-studio"
    license = "Apache-2.0"
    topics = ("grpc", "authentication", "yandex-cloud")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {
        "shared": [True, False],
        "fPIC": [True, False],
        "with_testing": [True, False],
        "with_cli": [True, False],
    }
    default_options = {
        "shared": False,
        "fPIC": True,
        "with_testing": True,
        "with_cli": False,
    }
    implements = ["auto_shared_fpic"]

    def export_sources(self):
        # The recipe builds the clone that it lies in.
        top = os.path.join(self.recipe_folder, os.pardir, os.pardir)
        for pattern in (
            "CMakeLists.txt",
            "LICENSE",
            "bazel/sources.bzl",
            "include/*",
            "packaging/cmake/*",
            "protos/*",
            "scripts/completion.bash",
            "src/*",
        ):
            copy(self, pattern, src=top, dst=self.export_sources_folder)

    def layout(self):
        cmake_layout(self)

    def requirements(self):
        self.requires("abseil/[>=20220623]", transitive_headers=True)
        self.requires("grpc/[>=1.51 <2]", transitive_headers=True)
        self.requires("libcurl/[>=7.85 <9]")
        self.requires("openssl/[>=3 <4]")
        self.requires("protobuf/[>=3.21]")

    def build_requirements(self):
        self.tool_requires("cmake/[>=3.20 <5]")
        self.tool_requires("protobuf/<host_version>")

    def validate(self):
        check_min_cppstd(self, 17)

    def generate(self):
        toolchain = CMakeToolchain(self)
        testing = bool(self.options.with_testing or self.options.with_cli)
        toolchain.cache_variables["AISTUDIO_AUTH_BUILD_TESTS"] = False
        toolchain.cache_variables["AISTUDIO_AUTH_BUILD_EXAMPLES"] = False
        toolchain.cache_variables["AISTUDIO_AUTH_BUILD_BENCHMARKS"] = False
        toolchain.cache_variables["AISTUDIO_AUTH_BUILD_CLI"] = bool(self.options.with_cli)
        toolchain.cache_variables["AISTUDIO_AUTH_BUILD_TESTING_LIBRARY"] = testing
        toolchain.cache_variables["AISTUDIO_AUTH_WERROR"] = False
        toolchain.generate()
        CMakeDeps(self).generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        copy(self, "LICENSE", src=self.source_folder,
             dst=os.path.join(self.package_folder, "licenses"))
        CMake(self).install()
        # CMakeDeps and PkgConfigDeps write these from package_info.
        rmdir(self, os.path.join(self.package_folder, "lib", "cmake"))
        rmdir(self, os.path.join(self.package_folder, "lib", "pkgconfig"))
        rmdir(self, os.path.join(self.package_folder, "share"))

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "aistudio_auth")

        auth = self.cpp_info.components["auth"]
        auth.set_property("cmake_target_name", "aistudio::auth")
        auth.set_property("pkg_config_name", "aistudio_auth")
        auth.libs = ["aistudio_auth"]
        auth.requires = [
            "abseil::absl_status",
            "abseil::absl_statusor",
            "abseil::absl_strings",
            "abseil::absl_time",
            "grpc::grpc++",
            "libcurl::libcurl",
            "openssl::crypto",
            "protobuf::libprotobuf",
        ]
        if self.settings.os == "Linux":
            auth.system_libs = ["pthread"]

        if self.options.with_testing or self.options.with_cli:
            testing = self.cpp_info.components["auth_testing"]
            testing.set_property("cmake_target_name", "aistudio::auth_testing")
            testing.set_property("pkg_config_name", "aistudio_auth_testing")
            testing.libs = ["aistudio_auth_testing"]
            testing.requires = ["auth", "openssl::ssl"]
