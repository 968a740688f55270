#!/usr/bin/env bash
# shellcheck source-path=SCRIPTDIR
# A second opinion on what is said to vendors: Stoplight Prism (npm), a proxy that holds
# every request and every answer to the vendor's own OpenAPI description.
#
#   prism.sh fetch DIR             install it into DIR, print PRISM_*='…' lines
#   prism.sh start DIR             stand before an upstream, wait until it serves, print
#                                  PRISM_*='…' lines (PRISM_SPEC and PRISM_UPSTREAM say which)
#   prism.sh stop DIR              end it
#   prism.sh status DIR            the lines of `fetch`, exit 3 when it is not installed
#   prism.sh env DIR               the same
#   prism.sh reset DIR             the same as fetch: it keeps nothing
#
# What the description does not allow is answered with an error of Prism's own
# (application/problem+json), and a request of that kind never reaches the upstream.
# Needs Node 18 or later with npm, and installs Debian's when there is none. The versions
# of all packages are fixed by prism/package-lock.json; nothing of theirs is run at install.
# Variables: PRISM_HOME (where it is installed; DIR), PRISM_SPEC, PRISM_UPSTREAM.
set -euo pipefail
NAME=prism
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=lib/service.sh
. "$HERE/lib/service.sh"
# shellcheck source=lib/packages.sh
. "$HERE/lib/packages.sh"

# running: for the one that is shared, that it is installed; the proxies are the tests' own.
running() {
  if [ -s "$D/port" ]; then alive "$D/prism.pid"; else installed "$D"; fi
}

installed() { # the installation fits the lock file
  cmp -s "$HERE/prism/package-lock.json" "$1/package-lock.json" && [ -e "$1/installed" ]
}

start() {
  [ -n "${PRISM_SPEC:-}" ] || { fetch "$D"; return; }
  [ -r "$PRISM_SPEC" ] || die "cannot read $PRISM_SPEC"
  [ -n "${PRISM_UPSTREAM:-}" ] || die "PRISM_UPSTREAM is not set: before whom is it to stand?"
  local home="${PRISM_HOME:-$D}" port spec
  fetch "$home"
  spec="$(realpath "$PRISM_SPEC")"
  port="$(free_ports 1)"
  (
    cd "$D"
    exec setsid node "$home/node_modules/@stoplight/prism-cli/dist/index.js" proxy "$spec" "$PRISM_UPSTREAM" \
      --host 127.0.0.1 --port "$port" --errors </dev/null >"$D/prism.log" 2>&1 9>&-
  ) &
  echo $! >"$D/prism.pid"
  wait_ready || { stop; die "it does not serve, see $D/prism.log"; }
  echo "$port" >"$D/port"
}

stop() {
  end "$D/prism.pid" 20
  rm -f "$D/port"
}

print_env() {
  echo "PRISM_HOME='${PRISM_HOME:-$D}'"
  echo "PRISM_CTL='$D/ctl'"
  [ ! -s "$D/port" ] || echo "PRISM_URL='http://127.0.0.1:$(cat "$D/port")'"
}

command_fetch() { locked; begin; }
command_reset() { locked; begin; }

fetch() { # folder
  ! installed "$1" || return 0
  if ! command -v npm >/dev/null; then need_packages "$D/apt.log" nodejs npm; fi
  log "installing prism into $1"
  mkdir -p "$1"
  rm -f "$1/installed"
  cp "$HERE/prism/package.json" "$HERE/prism/package-lock.json" "$1/"
  (cd "$1" && npm ci --ignore-scripts --no-fund --no-audit) >"$D/npm.log" 2>&1 9>&- ||
    die "npm failed, see $D/npm.log"
  touch "$1/installed"
}

wait_ready() {
  local deadline=$((SECONDS + 60))
  until grep -qs 'Prism is listening' "$D/prism.log"; do
    [ $SECONDS -lt $deadline ] && ! gone "$(cat "$D/prism.pid")" || return 1
    sleep 0.1
  done
}

dispatch "$@"
