"""The repositories that the BUILD files name, for WORKSPACE users."""

load("@bazel_tools//tools/build_defs/repo:http.bzl", "http_archive")
load("@bazel_tools//tools/build_defs/repo:utils.bzl", "maybe")

def aistudio_auth_deps():
    """Declares gRPC's sources where you have not declared them yet.

    gRPC's grpc_deps() and grpc_extra_deps(), called after this, declare
    Protobuf, Abseil, GoogleTest and BoringSSL. libcurl is yours to declare, as
    @curl, or to name by --@aistudio_auth//bazel:curl=//your:curl.
    """
    maybe(
        http_archive,
        name = "com_github_grpc_grpc",
        strip_prefix = "grpc-1.74.1",
        urls = ["https://github.com/grpc/grpc/archive/refs/tags/v1.74.1.tar.gz"],
    )
