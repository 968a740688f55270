#!/usr/bin/env bash
# shellcheck source-path=SCRIPTDIR
# A mail relay for tests that is not ours: Python's aiosmtpd, on loopback only. It keeps
# what it takes and passes nothing on.
#
#   mail.sh start DIR              start it, wait until it serves, print MAIL_*='…' lines
#   mail.sh stop DIR               stop it; the ports stay for the next start
#   mail.sh status DIR             the same lines, exit 3 when it does not run
#   mail.sh env DIR                the same lines only
#   mail.sh reset DIR              forget what was taken, and start it when it does not run
#
# Three doors: without TLS, with STARTTLS and signing in, and with TLS from the start and
# signing in. lib/mail_relay.py says for whom it misbehaves. The Debian packages are
# installed when they are missing.
set -euo pipefail
NAME=mail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=lib/service.sh
. "$HERE/lib/service.sh"
# shellcheck source=lib/packages.sh
. "$HERE/lib/packages.sh"
# shellcheck source=lib/certificates.sh
. "$HERE/lib/certificates.sh"

USER_NAME='notifier'
PASSWORD='Mäil Passw0rd!'
# aiosmtpd is only visible to Debian's own interpreter.
PYTHON=/usr/bin/python3

running() { alive "$D/relay.pid" && [ -s "$D/serving" ]; }

start() {
  need_packages "$D/apt.log" python3-aiosmtpd openssl python3
  make_certificates "$D/tls" mail.corp.test
  choose_ports
  : >>"$D/taken.jsonl"
  (
    cd "$D"
    exec env MAIL_USER="$USER_NAME" MAIL_PASSWORD="$PASSWORD" PYTHONUTF8=1 setsid "$PYTHON" \
      "$HERE/lib/mail_relay.py" "$D" "$PLAIN_PORT" "$SUBMISSION_PORT" "$TLS_PORT" \
      </dev/null >"$D/relay.log" 2>&1 9>&-
  ) &
  echo $! >"$D/relay.pid"
  wait_ready || { stop; die "it does not serve, see $D/relay.log"; }
}

stop() {
  end "$D/relay.pid" 20
  rm -f "$D/serving"
}

print_env() {
  read_ports
  cat <<LINES
MAIL_HOST='127.0.0.1'
MAIL_PLAIN_PORT='$PLAIN_PORT'
MAIL_SUBMISSION_PORT='$SUBMISSION_PORT'
MAIL_TLS_PORT='$TLS_PORT'
MAIL_CA='$D/tls/ca.pem'
MAIL_OTHER_CA='$D/tls/other-ca.pem'
MAIL_USER='$USER_NAME'
MAIL_PASSWORD='$PASSWORD'
MAIL_TAKEN='$D/taken.jsonl'
MAIL_CTL='$D/ctl'
LINES
}

command_reset() {
  locked
  begin >/dev/null
  : >"$D/taken.jsonl"
  print_env
}

# choose_ports: those of the last start, unless somebody has taken one since.
choose_ports() {
  if [ -s "$D/ports" ]; then
    read_ports
    ! ports_free "$PLAIN_PORT" "$SUBMISSION_PORT" "$TLS_PORT" || return 0
    log "a port of the last start has been taken: choosing new ones"
  fi
  free_ports 3 >"$D/ports"
  read_ports
}

read_ports() { read -r PLAIN_PORT SUBMISSION_PORT TLS_PORT <"$D/ports"; }

wait_ready() {
  local deadline=$((SECONDS + 30))
  until [ -s "$D/serving" ]; do
    [ $SECONDS -lt $deadline ] && ! gone "$(cat "$D/relay.pid")" || return 1
    sleep 0.1
  done
}

dispatch "$@"
