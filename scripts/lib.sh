# What the scripts share. Source it; it changes to the top folder of the project.
# shellcheck shell=bash

set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

# What the default preset needs: the library, the command and the tests.
# shellcheck disable=SC2034
readonly BUILD_PACKAGES=(
  ca-certificates ccache cmake curl g++ git libabsl-dev libcurl4-openssl-dev
  libgmock-dev libgrpc++-dev libgtest-dev libprotobuf-dev libssl-dev
  ninja-build pkg-config protobuf-compiler protobuf-compiler-grpc valgrind
)

# How the scripts call Bazel. The disk cache serves all clones of the project.
BAZEL_OPTIONS=(
  --config=system --jobs=2
  "--disk_cache=${XDG_CACHE_HOME:-$HOME/.cache}/aistudio-auth-bazel"
)
[[ -t 2 ]] || BAZEL_OPTIONS+=(--color=no --curses=no --noshow_progress)

# Progress goes to stderr: stdout belongs to what the script runs.
say() {
  echo "$*" >&2
}

die() {
  say "error: $*"
  exit 1
}

# The comment at the top of the calling script.
print_help() {
  sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "scripts/$(basename "$0")"
}

# Runs a command that is only worth reading if it fails.
quietly() {
  local log status=0
  log="$(mktemp)"
  "$@" >"$log" 2>&1 </dev/null || status=$?
  if ((status != 0)); then
    cat "$log" >&2
    say "error: this failed with exit code $status: $*"
  fi
  rm -f "$log"
  return "$status"
}

is_installed() {
  [[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" == installed ]]
}

# Installs those of the Debian packages that are missing.
install_packages() {
  local package missing=() as_root=()
  if ! command -v dpkg-query >/dev/null; then
    say "not a Debian system; taking for granted that there is: $*"
    return
  fi
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  ((${#missing[@]} > 0)) || return 0

  if ((EUID != 0)); then
    command -v sudo >/dev/null ||
      die "packages are missing; as root: apt-get install --no-install-recommends ${missing[*]}"
    as_root=(sudo)
  fi
  say "installing ${missing[*]} ..."
  as_root+=(env DEBIAN_FRONTEND=noninteractive)
  quietly "${as_root[@]}" apt-get -q update
  quietly "${as_root[@]}" apt-get -q install -y --no-install-recommends "${missing[@]}"
}

# Lets compilers go through ccache where it is installed.
use_ccache() {
  command -v ccache >/dev/null || return 0
  export AISTUDIO_AUTH_LAUNCHER=ccache
  # Without these, ccache gives up on files with precompiled headers.
  export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
  # Another clone of the same sources finds what this one compiled.
  export CCACHE_BASEDIR="$PWD" CCACHE_NOHASHDIR=1
}

# build PRESET [TARGET...]: into build/PRESET; all targets of the preset if none
# is named.
build() {
  local preset="$1"
  shift
  use_ccache
  say "building build/$preset (a few minutes the first time) ..."
  quietly cmake --preset "$preset"
  local command=(cmake --build --preset "$preset" --parallel "$(nproc)")
  (($# == 0)) || command+=(--target "$@")
  quietly "${command[@]}"
}
