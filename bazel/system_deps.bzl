"""The same repositories made of the distribution's packages (see system/)."""

_REPOS = {
    "boringssl": "boringssl",
    "com_github_grpc_grpc": "grpc",
    "com_google_absl": "abseil-cpp",
    "com_google_googletest": "googletest",
    "com_google_protobuf": "protobuf",
    "curl": "curl",
    # What Debian 12's Bazel 4.2.3 would download for itself.
    "remote_coverage_tools": "remote_coverage_tools",
    "rules_cc": "rules_cc_bazel4",
    "rules_java": "rules_java_bazel4",
}

def system_deps(enabled = True, tree = "."):
    """Declares the distribution's packages under the repositories' names.

    Args:
      enabled: False declares nothing.
      tree: the top of this project, relative to the WORKSPACE that calls this.
    """
    for name, path in _REPOS.items() if enabled else []:
        native.local_repository(name = name, path = tree + "/bazel/system/" + path)
