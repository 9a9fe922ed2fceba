"""Tells WORKSPACE where the dependencies come from."""

def _deps_mode_impl(ctx):
    system = ctx.os.environ.get("AISTUDIO_AUTH_DEPS", "source") == "system"
    ctx.file("BUILD.bazel", "")
    ctx.file("mode.bzl", "SYSTEM = {}\n".format(system))

deps_mode = repository_rule(
    doc = "A repository whose mode.bzl says if AISTUDIO_AUTH_DEPS=system is set.",
    implementation = _deps_mode_impl,
    environ = ["AISTUDIO_AUTH_DEPS"],
    local = True,
)
