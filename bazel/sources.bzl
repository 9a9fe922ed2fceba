"""The one list of source files. Bazel loads it; CMake reads it line by line.

Form: a name, "= [", one quoted path a line, "]". Nothing else.
"""

PUBLIC_HDRS = [
    "include/aistudio/auth/clock.h",
    "include/aistudio/auth/credentials.h",
    "include/aistudio/auth/options.h",
    "include/aistudio/auth/registry.h",
    "include/aistudio/auth/token_source.h",
]

# Pure of gRPC: base and core.
CORE_SRCS = [
]

# Everything else of the library.
AUTH_SRCS = [
]

TESTING_HDRS = [
    "include/aistudio/auth/testing/fake_cloud.h",
    "include/aistudio/auth/testing/manual_clock.h",
    "include/aistudio/auth/testing/scoped_env.h",
]

TESTING_SRCS = [
]

CLI_SRCS = [
]

PROTOS = [
    "protos/aistudio_auth/iam.proto",
]

# Tests that never enter gRPC: these also run under ThreadSanitizer.
CORE_TEST_SRCS = [
]

# Tests over real sockets.
AUTH_TEST_SRCS = [
]
