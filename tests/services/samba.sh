#!/usr/bin/env bash
# shellcheck source-path=SCRIPTDIR
# Active Directory for tests: a real domain controller (Samba AD DC) on loopback only.
#
#   samba.sh start DIR             provision and seed it the first time, start it, wait
#                                  until it serves, print AD_*='…' lines
#   samba.sh stop DIR              stop it; data and ports stay for the next start
#   samba.sh status DIR            the same lines, exit 3 when it does not run
#   samba.sh env DIR               the same lines only
#   samba.sh kill DIR              end it like a power cut (SIGKILL)
#   samba.sh pause|resume DIR      a controller that accepts connections and never answers
#   samba.sh reset DIR             back to the seeded people and groups (stops and starts)
#   samba.sh exec DIR COMMAND…     run a command in the controller's namespaces
#
# Must run as root, and says so with exit code 77 otherwise: Samba has no option for
# other LDAP ports than 389 and 636, so it runs in network, mount and process namespaces
# of its own, and a small forwarder offers it on free loopback ports here. Nothing
# outside DIR is written. The Debian packages are installed when they are missing.
# Variables: SAMBA_REALM (CORP.TEST), SAMBA_SERVICES, SAMBA_OLD_PASSWORD_MINUTES.
set -euo pipefail
NAME=samba
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=lib/service.sh
. "$HERE/lib/service.sh"
# shellcheck source=lib/packages.sh
. "$HERE/lib/packages.sh"
# shellcheck source=lib/certificates.sh
. "$HERE/lib/certificates.sh"
# shellcheck source=lib/samba_config.sh
. "$HERE/lib/samba_config.sh"

PACKAGES=(samba-ad-dc samba-ad-provision ldap-utils openssl iproute2 procps python3 util-linux)
# python3-samba is only visible to Debian's own interpreter.
PYTHON=/usr/bin/python3
ADMIN_PASSWORD='Adm1n-Passw0rd!1'

running() { alive "$D/unshare.pid" && alive "$D/forward.pid" && [ -s "$D/forwarding" ]; }

start() {
  [ "$(id -u)" = 0 ] || not_permitted
  need_packages "$D/apt.log" "${PACKAGES[@]}"
  name_domain
  make_certificates "$D/tls" "dc1.$DNS_DOMAIN" "$DNS_DOMAIN"
  is_seeded || provision
  write_config
  choose_ports
  log "starting the domain controller of $REALM in $D"
  launch
  forward
  wait_ready
}

# is_seeded: with the people and rights that the tests of today expect.
is_seeded() { [ "$(cat "$D/seeded" 2>/dev/null)" = "$(seed_version)" ]; }
seed_version() { sha256sum "$HERE/lib/samba_seed.py" | cut -d' ' -f1; }

stop() {
  end "$D/forward.pid" 20
  # A graceful end takes Samba three to four seconds, so it is cut short after half a
  # second, enough for the requests under way: its databases survive a kill.
  end_namespaces 5
  rm -f "$D/forwarding"
}

print_env() {
  name_domain
  read_ports
  cat <<EOF
AD_URL='ldaps://127.0.0.1:$LDAPS_PORT'
AD_PLAIN_URL='ldap://127.0.0.1:$LDAP_PORT'
AD_GC_URL='ldaps://127.0.0.1:$GC_PORT'
AD_KDC='127.0.0.1:$KDC_PORT'
AD_CA='$D/tls/ca.pem'
AD_OTHER_CA='$D/tls/other-ca.pem'
AD_REALM='$REALM'
AD_DNS_DOMAIN='$DNS_DOMAIN'
AD_NETBIOS='$NETBIOS'
AD_ADMIN_UPN='Administrator@$DNS_DOMAIN'
AD_ADMIN_PASSWORD='$ADMIN_PASSWORD'
AD_AUDIT_LOG='$D/dsdb_audit.log'
AD_AUTH_LOG='$D/auth_audit.log'
EOF
  cat "$D/seed.env"
  echo "AD_CTL='$D/ctl'"
  echo "AD_PID='$(controller_pid)'"
}

command_kill() {
  locked
  must_run
  kill_hard "$(cat "$D/unshare.pid")"
  stop
}

command_pause() { must_run; kill -STOP "$(cat "$D/forward.pid")"; }
command_resume() { must_run; kill -CONT "$(cat "$D/forward.pid")"; }

command_reset() {
  locked
  stop
  if is_seeded; then
    rm -rf "$D/dc/private"
    cp -a "$D/snapshot/private" "$D/dc/private"
  fi
  begin
}

command_exec() {
  must_run
  exec nsenter --target "$(controller_pid)" --net --mount --pid -- "$@"
}

not_permitted() {
  log "must run as root: the domain controller needs namespaces of its own"
  exit "$NOT_PERMITTED"
}

# name_domain: the realm of the first start stays.
name_domain() {
  [ -s "$D/realm" ] || echo "${SAMBA_REALM:-CORP.TEST}" >"$D/realm"
  REALM="$(cat "$D/realm")"
  DNS_DOMAIN="${REALM,,}"
  NETBIOS="${REALM%%.*}"
  NETBIOS="${NETBIOS^^}"
}

provision() {
  log "provisioning $REALM in $D"
  rm -rf "$D/dc" "$D/snapshot" "$D/seed.env" "$D/seeded"
  samba-tool domain provision --targetdir="$D/dc" --realm="$REALM" --domain="$NETBIOS" \
    --server-role=dc --host-name=dc1 --host-ip=127.0.0.1 --dns-backend=NONE \
    --adminpass="$ADMIN_PASSWORD" --function-level=2008_R2 \
    --option='interfaces=lo' --option='bind interfaces only=yes' \
    -s /dev/null >"$D/provision.log" 2>&1 || die "provisioning failed, see $D/provision.log"
  write_config
  "$PYTHON" "$HERE/lib/samba_seed.py" "$D/smb.conf" "$REALM" "$D/seed.env" >"$D/seed.log" 2>&1 ||
    die "seeding failed, see $D/seed.log"
  mkdir "$D/snapshot"
  cp -a "$D/dc/private" "$D/snapshot/private"
  seed_version >"$D/seeded"
}

# choose_ports: those of the last start, unless somebody has taken one since.
choose_ports() {
  if [ -s "$D/ports" ]; then
    read_ports
    ! ports_free "$LDAPS_PORT" "$LDAP_PORT" "$GC_PORT" "$KDC_PORT" || return 0
    log "a port of the last start has been taken: choosing new ones"
  fi
  free_ports 4 >"$D/ports"
  read_ports
}

read_ports() { read -r LDAPS_PORT LDAP_PORT GC_PORT KDC_PORT <"$D/ports"; }

# launch: when `unshare` ends, the first process of its namespace ends with it, and so
# does every process of Samba.
launch() {
  mkdir -p "$D/dc/run/winbindd" "$D/dc/run/ncalrpc"
  chmod 755 "$D/dc/run/winbindd"
  # shellcheck disable=SC2016
  setsid unshare --net --mount --pid --fork --kill-child --mount-proc \
    /bin/sh -c 'ip link set lo up &&
      export KRB5_CONFIG="$1/dc/private/krb5.conf" TMPDIR="$1/dc/run" &&
      exec samba -F --no-process-group -s "$1/smb.conf"' \
    sh "$D" </dev/null >"$D/console.log" 2>&1 9>&- &
  echo $! >"$D/unshare.pid"
  wait_until 10 controller_pid || fail "Samba did not start"
}

controller_pid() { pgrep -P "$(cat "$D/unshare.pid")"; }

forward() {
  rm -f "$D/forwarding"
  setsid "$PYTHON" "$HERE/lib/namespace_forward.py" "$(controller_pid)" "$D/forwarding" \
    "$LDAPS_PORT:636" "$LDAP_PORT:389" "$GC_PORT:3269" "$KDC_PORT:88" \
    </dev/null >"$D/forward.log" 2>&1 9>&- &
  echo $! >"$D/forward.pid"
  wait_until 10 test -s "$D/forwarding" || fail "the forwarder did not start (see $D/forward.log)"
}

wait_ready() {
  wait_until 60 answers_or_ended || fail "the domain controller does not answer"
  running || fail "Samba has ended"
}

answers_or_ended() { ! running || answers; }

answers() {
  LDAPTLS_CACERT="$D/tls/ca.pem" LDAPTLS_REQCERT=demand \
    timeout 3 ldapsearch -LLL -x -H "ldaps://127.0.0.1:$LDAPS_PORT" \
    -D "Administrator@$DNS_DOMAIN" -w "$ADMIN_PASSWORD" -s base -b '' defaultNamingContext
}

fail() {
  stop
  die "$1, see $D/console.log and $D/samba.log"
}

# wait_until SECONDS COMMAND…: try it ten times a second.
wait_until() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $deadline ] || return 1
    sleep 0.1
  done
}

end_namespaces() { # grace in tenths of a second
  local outer inner
  if alive "$D/unshare.pid"; then
    outer="$(cat "$D/unshare.pid")"
    inner="$(controller_pid || true)"
    [ -z "$inner" ] || kill -TERM "$inner" 2>/dev/null || true
    wait_gone "$outer" "$1" || kill_hard "$outer"
  fi
  rm -f "$D/unshare.pid"
}

dispatch "$@"
