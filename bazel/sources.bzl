"""The one list of source files. Bazel loads it; CMake reads it line by line.

Form: a name, "= [", one quoted path a line, "]". Nothing else.
"""

PUBLIC_HDRS = [
    "include/aistudio/auth/clock.h",
    "include/aistudio/auth/credentials.h",
    "include/aistudio/auth/export.h",
    "include/aistudio/auth/handle.h",
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
    "src/core/token_state_answers.cc",
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
    "src/grpc/explain_status.cc",
    "src/grpc/rejection_interceptor.cc",
    "src/io/ca_file.cc",
    "src/io/ca_file.h",
    "src/io/curl_error.cc",
    "src/io/curl_error.h",
    "src/io/endpoint.cc",
    "src/io/endpoint.h",
    "src/io/http.cc",
    "src/io/http.h",
    "src/io/https_url.cc",
    "src/io/https_url.h",
    "src/io/iam_stub.cc",
    "src/io/iam_stub.h",
    "src/io/secret_file.cc",
    "src/io/secret_file.h",
    "src/io/spawn.cc",
    "src/io/spawn.h",
    "src/io/subprocess.cc",
    "src/io/subprocess.h",
    "src/methods/api_key_auth.cc",
    "src/methods/credentials_from_string.cc",
    "src/methods/default_credentials.cc",
    "src/methods/env_iam_token_auth.cc",
    "src/methods/iam_methods.cc",
    "src/methods/iam_methods.h",
    "src/methods/iam_token_auth.cc",
    "src/methods/impersonated_auth.cc",
    "src/methods/metadata_auth.cc",
    "src/methods/no_auth.cc",
    "src/methods/oauth_token_auth.cc",
    "src/methods/refreshing.cc",
    "src/methods/refreshing.h",
    "src/methods/service_account_key_auth.cc",
    "src/methods/token_file_auth.cc",
    "src/methods/token_source_auth.cc",
    "src/methods/workload_identity_auth.cc",
    "src/methods/yandex_cloud_cli_auth.cc",
    "src/sources/http_token.cc",
    "src/sources/http_token.h",
    "src/sources/iam_exchange.cc",
    "src/sources/iam_exchange.h",
    "src/sources/impersonated_source.cc",
    "src/sources/impersonated_source.h",
    "src/sources/metadata_source.cc",
    "src/sources/metadata_source.h",
    "src/sources/ps256.cc",
    "src/sources/ps256.h",
    "src/sources/service_account_key.cc",
    "src/sources/service_account_key.h",
    "src/sources/token_exchange_source.cc",
    "src/sources/token_exchange_source.h",
    "src/sources/token_file_source.cc",
    "src/sources/token_file_source.h",
    "src/sources/yc_cli_source.cc",
    "src/sources/yc_cli_source.h",
]

TESTING_HDRS = [
    "include/aistudio/auth/testing/fake_cloud.h",
    "include/aistudio/auth/testing/fake_http.h",
    "include/aistudio/auth/testing/fake_metadata.h",
    "include/aistudio/auth/testing/fake_token_exchange.h",
    "include/aistudio/auth/testing/fake_yc.h",
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
    "src/testing/fake_http.cc",
    "src/testing/fake_http.h",
    "src/testing/fake_iam.cc",
    "src/testing/fake_iam.h",
    "src/testing/fake_iam_judge.cc",
    "src/testing/fake_metadata.cc",
    "src/testing/fake_metadata.h",
    "src/testing/fake_text_generation.cc",
    "src/testing/fake_text_generation.h",
    "src/testing/fake_token_exchange.cc",
    "src/testing/fake_token_exchange.h",
    "src/testing/fake_yc.cc",
    "src/testing/fake_yc.h",
    "src/testing/generic_server.cc",
    "src/testing/generic_server.h",
    "src/testing/http_server.cc",
    "src/testing/http_server.h",
    "src/testing/reserved_port.cc",
    "src/testing/reserved_port.h",
    "src/testing/service_accounts.cc",
    "src/testing/service_accounts.h",
    "src/testing/token_store.cc",
    "src/testing/token_store.h",
]

CLI_SRCS = [
    "src/cli/call.cc",
    "src/cli/chat.cc",
    "src/cli/check.cc",
    "src/cli/command.cc",
    "src/cli/command.h",
    "src/cli/commands.h",
    "src/cli/credentials_flags.cc",
    "src/cli/credentials_flags.h",
    "src/cli/demo.cc",
    "src/cli/demo.h",
    "src/cli/demo_load.cc",
    "src/cli/demo_load.h",
    "src/cli/demo_view.cc",
    "src/cli/demo_view.h",
    "src/cli/detect.cc",
    "src/cli/fake_cloud_command.cc",
    "src/cli/generic_call.cc",
    "src/cli/generic_call.h",
    "src/cli/header.cc",
    "src/cli/input.cc",
    "src/cli/input.h",
    "src/cli/interrupt_watch.h",
    "src/cli/main.cc",
    "src/cli/output.cc",
    "src/cli/output.h",
]

PROTOS = [
    "protos/aistudio_auth/iam.proto",
    "protos/aistudio_auth/key_file.proto",
    "protos/aistudio_auth/text_generation.proto",
]

# Tests that never enter gRPC: these also run under ThreadSanitizer.
CORE_TEST_SRCS = [
    "tests/core_testing.h",
    "tests/fork_test.cc",
    "tests/function_source.h",
    "tests/hazard_test.cc",
    "tests/process_exit_test.cc",
    "tests/process_testing.h",
    "tests/refresh_policy_test.cc",
    "tests/registry_lifetime_test.cc",
    "tests/registry_test.cc",
    "tests/registry_time_test.cc",
    "tests/sanitizer_testing.h",
    "tests/scoped_env_test.cc",
    "tests/secret_test.cc",
    "tests/secret_testing.h",
    "tests/text_test.cc",
    "tests/token_state_demand_test.cc",
    "tests/token_state_simulator.h",
    "tests/token_state_soak_test.cc",
    "tests/token_state_test.cc",
    "tests/worker_pool_test.cc",
]

# Tests over real sockets.
AUTH_TEST_SRCS = [
    "tests/api_key_services_test.cc",
    "tests/auth_testing.cc",
    "tests/auth_testing.h",
    "tests/ca_file_test.cc",
    "tests/core_file_test.cc",
    "tests/credentials_error_test.cc",
    "tests/credentials_file_test.cc",
    "tests/credentials_input_test.cc",
    "tests/credentials_test.cc",
    "tests/credentials_with_test.cc",
    "tests/detection_test.cc",
    "tests/fake_cloud_test.cc",
    "tests/fake_cloud_testing.h",
    "tests/fake_iam_test.cc",
    "tests/fake_text_generation_test.cc",
    "tests/first_token_test.cc",
    "tests/from_string_test.cc",
    "tests/http_test.cc",
    "tests/iam_endpoint_test.cc",
    "tests/iam_exchange_faults_test.cc",
    "tests/iam_exchange_test.cc",
    "tests/iam_testing.h",
    "tests/impersonation_test.cc",
    "tests/key_testing.cc",
    "tests/key_testing.h",
    "tests/leak_fixture.h",
    "tests/leak_methods_test.cc",
    "tests/leak_test.cc",
    "tests/leak_testing.cc",
    "tests/leak_testing.h",
    "tests/metadata_test.cc",
    "tests/plugin_test.cc",
    "tests/plugin_testing.h",
    "tests/public_headers_test.cc",
    "tests/refresh_test.cc",
    "tests/rejection_test.cc",
    "tests/service_account_key_faults_test.cc",
    "tests/service_account_key_test.cc",
    "tests/sharing_test.cc",
    "tests/slow_iam_test.cc",
    "tests/subprocess_test.cc",
    "tests/token_file_test.cc",
    "tests/token_source_test.cc",
    "tests/tree_test.cc",
    "tests/troubleshooting_test.cc",
    "tests/wire_test.cc",
    "tests/workload_identity_test.cc",
    "tests/yc_cli_test.cc",
]

# Tests that run the command.
CLI_TEST_SRCS = [
    "tests/cli_call_test.cc",
    "tests/cli_completion_test.cc",
    "tests/cli_leak_test.cc",
    "tests/cli_readme_test.cc",
    "tests/cli_test.cc",
    "tests/cli_testing.h",
]

# Measures what a call costs: a test, and the programs that it runs, as
# AISTUDIO_AUTH_INSTRUCTION_PROBE and AISTUDIO_AUTH_ALLOCATION_PROBE.
CALL_COST_TEST_SRCS = [
    "tests/call_cost_test.cc",
    "tests/shell_testing.h",
]

INSTRUCTION_PROBE_SRCS = [
    "tests/call_cost_testing.h",
    "tests/call_plugin.cc",
    "tests/call_plugin.h",
    "tests/instruction_probe.cc",
]

ALLOCATION_PROBE_SRCS = [
    "tests/allocation_probe.cc",
]

# Each file is a program.
EXAMPLE_SRCS = [
    "examples/api_key_unary.cc",
    "examples/custom_token_source.cc",
    "examples/detect_and_check.cc",
    "examples/long_stream.cc",
    "examples/metrics.cc",
    "examples/replace_rejected.cc",
    "examples/rest_header.cc",
    "examples/test_with_fake_cloud.cc",
    "examples/text_generation_stream.cc",
]

# What each of them is linked with.
EXAMPLE_COMMON_SRCS = [
    "examples/openssl_stays.cc",
]

# The services that they call.
EXAMPLE_PROTOS = [
    "examples/protos/yandex/cloud/ai/foundation_models/v1/text_generation/text_generation_service.proto",
    "examples/protos/yandex/cloud/ai/stt/v3/stt_service.proto",
]

# Tests that run the examples, from the folder AISTUDIO_AUTH_EXAMPLES_DIR.
EXAMPLES_TEST_SRCS = [
    "tests/examples_test.cc",
]

BENCHMARK_SRCS = [
    "benchmarks/benchmark.cc",
    "benchmarks/calls.cc",
    "benchmarks/calls.h",
    "benchmarks/cloud_process.cc",
    "benchmarks/cloud_process.h",
    "benchmarks/cold_start.cc",
    "benchmarks/cold_start.h",
]

# Programs of foreign projects; scripts/consumers builds them.
CONSUMER_SRCS = [
    "tests/consumers/main.cc",
    "tests/consumers/own_protos/main.cc",
    "tests/consumers/own_protos/yandex/cloud/iam/v1/iam_token_service.proto",
]
