#!/usr/bin/env bash
# The browser that tests of web pages use: Debian's chromium.
#
#     tests/browser.sh needs      exit 3 if it is not there
#     tests/browser.sh install    installs it where it may (apt-get as root or by sudo without a password)
set -euo pipefail

have() { command -v "$1" > /dev/null; }

need() {
  have chromium && return 0
  echo "Tests in a browser need chromium. On Debian: apt-get install chromium" >&2
  exit 3
}

install() {
  have chromium && return 0
  have apt-get || need
  local as=() log
  if [ "$(id -u)" != 0 ]; then
    if ! have sudo || ! sudo -n true 2> /dev/null; then need; fi
    as=(sudo -n)
  fi
  local apt=("${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0)
  log=$(mktemp)
  echo "Installing for tests in a browser, once: chromium"
  # Elsewhere than on Debian the package may not exist, or be a stub that runs nothing: then there is no browser.
  if ! { "${apt[@]}" update && "${apt[@]}" install --yes --no-install-recommends chromium; } > "$log" 2>&1; then
    tail -n 5 "$log" >&2
  fi
  rm -f "$log"
  need
}

case ${1:-} in
  needs) need ;;
  install) install ;;
  *) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "$0" >&2; exit 2 ;;
esac
