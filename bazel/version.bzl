"""The version; the same as in MODULE.bazel and CMakeLists.txt."""

VERSION = "0.1.0"
