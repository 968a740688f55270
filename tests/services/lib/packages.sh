# shellcheck shell=bash
# Debian packages: install what is missing, quietly, and say so. Needs `log` and `die`.

package_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null || true)" = installed ]
}

# need_packages LOGFILE PACKAGE...
need_packages() {
  local log_file="$1" missing=() package
  shift
  for package in "$@"; do
    package_installed "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || die "please install (this is not a Debian system): ${missing[*]}"
  as_root true 2>/dev/null || die "Debian packages are missing, and only root can install them: ${missing[*]}"
  log "installing Debian packages: ${missing[*]}"
  install_packages "${missing[@]}" >"$log_file" 2>&1 || die "apt-get failed, see $log_file"
}

# install_packages PACKAGE...: with the package lists at hand, or else with fresh ones.
# The lock makes two runs side by side take turns. A package must not start a daemon
# for the whole host, so starting is denied meanwhile, unless a policy exists.
install_packages() (
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
    trap 'as_root rm -f "$policy"' EXIT
  fi
  apt_install "$@" || { apt_get update && apt_install "$@"; }
)

apt_install() { apt_get install -y --no-install-recommends "$@"; }
apt_get() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 "$@" 9>&-; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}
