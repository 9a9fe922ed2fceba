"""C++ gRPC stubs for one proto_library.

gRPC's own cc_grpc_library cannot be used on a proto_library that sets
strip_import_prefix (grpc/grpc#33377, #38287).
"""

load("@com_google_protobuf//bazel/common:proto_info.bzl", "ProtoInfo")
load("@rules_cc//cc:cc_library.bzl", "cc_library")

def _import_path(file, root):
    if root and root != "." and file.path.startswith(root + "/"):
        return file.path[len(root) + 1:]
    return file.short_path

def _codegen_impl(ctx):
    info = ctx.attr.proto[ProtoInfo]
    paths = [_import_path(f, info.proto_source_root) for f in info.direct_sources]
    outs = []
    for p in paths:
        stem = ctx.attr.out_dir + "/" + p[:-len(".proto")]
        outs.append(ctx.actions.declare_file(stem + ".grpc.pb.h"))
        outs.append(ctx.actions.declare_file(stem + ".grpc.pb.cc"))
    out_root = outs[0].path[:-len(paths[0][:-len(".proto")] + ".grpc.pb.h") - 1]

    args = ctx.actions.args()
    args.add(ctx.executable._plugin, format = "--plugin=protoc-gen-grpc=%s")
    args.add("--grpc_out=" + out_root)
    args.add_all(info.transitive_proto_path, format_each = "-I%s")
    args.add_all(paths)
    ctx.actions.run(
        executable = ctx.executable._protoc,
        arguments = [args],
        inputs = info.transitive_sources,
        tools = [ctx.executable._plugin],
        outputs = outs,
        mnemonic = "GrpcCodegen",
        progress_message = "Generating C++ gRPC stubs for %s" % ctx.label,
    )
    return [DefaultInfo(files = depset(outs))]

_codegen = rule(
    implementation = _codegen_impl,
    attrs = {
        "proto": attr.label(mandatory = True, providers = [ProtoInfo]),
        "out_dir": attr.string(mandatory = True),
        "_protoc": attr.label(
            default = Label("@com_google_protobuf//:protoc"),
            executable = True,
            cfg = "exec",
        ),
        "_plugin": attr.label(
            default = Label("@com_github_grpc_grpc//src/compiler:grpc_cpp_plugin"),
            executable = True,
            cfg = "exec",
        ),
    },
)

def cc_grpc_stubs(name, proto, deps, **kwargs):
    """Compiles the C++ gRPC stubs of `proto`.

    Args:
      name: name of the cc_library.
      proto: label of the proto_library with the services.
      deps: the matching cc_proto_library (and those of imported services).
      **kwargs: passed on to cc_library.
    """
    out_dir = "_grpc/" + name
    _codegen(
        name = name + "_codegen",
        out_dir = out_dir,
        proto = proto,
        visibility = ["//visibility:private"],
    )
    cc_library(
        name = name,
        srcs = [":" + name + "_codegen"],
        hdrs = [":" + name + "_codegen"],
        includes = [out_dir],
        deps = deps + [Label("@com_github_grpc_grpc//:grpc++")],
        **kwargs
    )
