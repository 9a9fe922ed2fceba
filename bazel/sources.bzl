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
    "src/base/secret.cc",
    "src/base/secret.h",
    "src/base/text.cc",
    "src/base/text.h",
    "src/base/thread.cc",
    "src/base/thread.h",
    "src/core/clock.cc",
    "src/core/fixed_providers.cc",
    "src/core/hazard.cc",
    "src/core/hazard.h",
    "src/core/process_hooks.cc",
    "src/core/process_hooks.h",
    "src/core/provider.cc",
    "src/core/provider.h",
    "src/core/refresh_policy.cc",
    "src/core/refresh_policy.h",
    "src/core/refresher.cc",
    "src/core/refreshing_provider.cc",
    "src/core/refreshing_provider.h",
    "src/core/registry_core.cc",
    "src/core/registry_core.h",
    "src/core/retry_delay.cc",
    "src/core/retry_delay.h",
    "src/core/snapshot.h",
    "src/core/token_state.cc",
    "src/core/token_state.h",
    "src/core/worker_pool.cc",
    "src/core/worker_pool.h",
]

# Everything else of the library.
AUTH_SRCS = [
    "src/grpc/attachment.cc",
    "src/grpc/attachment.h",
    "src/grpc/auth_plugin.cc",
    "src/grpc/auth_plugin.h",
    "src/grpc/credentials.cc",
    "src/grpc/credentials_state.h",
    "src/grpc/error_format.cc",
    "src/grpc/error_format.h",
    "src/io/iam_stub.cc",
    "src/io/iam_stub.h",
    "src/methods/api_key_auth.cc",
    "src/methods/env_iam_token_auth.cc",
    "src/methods/iam_methods.cc",
    "src/methods/iam_methods.h",
    "src/methods/iam_token_auth.cc",
    "src/methods/no_auth.cc",
    "src/methods/oauth_token_auth.cc",
    "src/methods/refreshing.cc",
    "src/methods/refreshing.h",
    "src/methods/service_account_key_auth.cc",
    "src/methods/token_source_auth.cc",
    "src/sources/iam_exchange.cc",
    "src/sources/iam_exchange.h",
    "src/sources/ps256.cc",
    "src/sources/ps256.h",
    "src/sources/service_account_key.cc",
    "src/sources/service_account_key.h",
]

TESTING_HDRS = [
    "include/aistudio/auth/testing/fake_cloud.h",
    "include/aistudio/auth/testing/manual_clock.h",
    "include/aistudio/auth/testing/scoped_env.h",
]

# Of these, what is pure of gRPC.
TESTING_CORE_SRCS = [
    "src/testing/manual_clock.cc",
    "src/testing/scoped_env.cc",
]

TESTING_SRCS = [
    "src/testing/crypto.cc",
    "src/testing/crypto.h",
    "src/testing/fake_ai_studio.cc",
    "src/testing/fake_ai_studio.h",
    "src/testing/fake_cloud.cc",
    "src/testing/fake_iam.cc",
    "src/testing/fake_iam.h",
    "src/testing/generic_server.cc",
    "src/testing/generic_server.h",
    "src/testing/reserved_port.cc",
    "src/testing/reserved_port.h",
    "src/testing/service_accounts.cc",
    "src/testing/service_accounts.h",
    "src/testing/token_store.cc",
    "src/testing/token_store.h",
]

CLI_SRCS = [
    "src/cli/command.cc",
    "src/cli/command.h",
    "src/cli/demo.cc",
    "src/cli/demo.h",
    "src/cli/demo_load.cc",
    "src/cli/demo_load.h",
    "src/cli/demo_view.cc",
    "src/cli/demo_view.h",
    "src/cli/main.cc",
]

PROTOS = [
    "protos/aistudio_auth/iam.proto",
]

# Tests that never enter gRPC: these also run under ThreadSanitizer.
CORE_TEST_SRCS = [
    "tests/core_testing.h",
    "tests/function_source.h",
    "tests/refresh_policy_test.cc",
    "tests/registry_test.cc",
    "tests/registry_time_test.cc",
    "tests/secret_testing.h",
    "tests/text_test.cc",
    "tests/token_state_demand_test.cc",
    "tests/token_state_simulator.h",
    "tests/token_state_soak_test.cc",
    "tests/token_state_test.cc",
]

# Tests over real sockets.
AUTH_TEST_SRCS = [
    "tests/auth_testing.cc",
    "tests/auth_testing.h",
    "tests/credentials_input_test.cc",
    "tests/credentials_test.cc",
    "tests/fake_cloud_test.cc",
    "tests/first_token_test.cc",
    "tests/iam_endpoint_test.cc",
    "tests/iam_exchange_faults_test.cc",
    "tests/iam_exchange_test.cc",
    "tests/iam_testing.h",
    "tests/key_testing.cc",
    "tests/key_testing.h",
    "tests/plugin_test.cc",
    "tests/plugin_testing.h",
    "tests/refresh_test.cc",
    "tests/service_account_key_faults_test.cc",
    "tests/service_account_key_test.cc",
    "tests/sharing_test.cc",
]
