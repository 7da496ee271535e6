# shellcheck shell=bash
# What the scripts of this folder share. Sourced, not run.

# One line of progress, on standard error so that it never mixes with a script's result.
say() { echo "==> $*" >&2; }

# Ends the script with what went wrong and what to do about it.
fail() {
  echo "error: $*" >&2
  exit 1
}

# Runs a command as root: directly, or by sudo without asking.
as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo -n "$@"
  else
    fail "needs root for: $*; run it yourself, then start again"
  fi
}

# need PROGRAM PACKAGE: installs Debian's PACKAGE unless PROGRAM is on the PATH.
need() {
  command -v "$1" >/dev/null && return
  say "installing $2"
  if [[ -z ${apt_updated:-} ]]; then
    as_root apt-get update -qq >&2
    apt_updated=1
  fi
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "$2" >&2
}
