"""What BUILD files make of the lists of sources.bzl."""

def headers(paths):
    """Of `paths`, those of headers."""
    return [path for path in paths if path.endswith(".h")]

def implementation(paths):
    """Of `paths`, those that are not headers."""
    return [path for path in paths if not path.endswith(".h")]

def is_shared(path):
    """If a file of tests is for several of them: a header, or named so."""
    return path.endswith(".h") or path.endswith("_testing.cc")

def shared(paths):
    """Of `paths`, those that are for several tests."""
    return [path for path in paths if is_shared(path)]

def own(paths):
    """Of `paths`, those of the tests themselves."""
    return [path for path in paths if not is_shared(path)]

def in_package(paths):
    """Turns paths from the top of the tree into the calling package's labels.

    Args:
      paths: all below the package's folder.

    Returns:
      The same, from the package's folder.
    """
    prefix = native.package_name() + "/"
    for path in paths:
        if not path.startswith(prefix):
            fail("%s is not in %s" % (path, prefix))
    return [path[len(prefix):] for path in paths]
