# shellcheck shell=bash
# The services of one checkout, and the variables by which the tests find them.
# Needs ROOT and `log`. tests/README.md lists the variables for people.

SERVICES="$ROOT/target/services"
ENV_FILE="$SERVICES/env.sh"

kafka() { KAFKA_CACHE="${KAFKA_CACHE:-$SERVICES/kafka-cache}" "$ROOT/tests/services/kafka.sh" "$1" "$SERVICES/kafka" "${@:2}"; }
samba() { "$ROOT/tests/services/samba.sh" "$1" "$SERVICES/samba" "${@:2}"; }
mail() { "$ROOT/tests/services/mail.sh" "$1" "$SERVICES/mail" "${@:2}"; }
prism() { "$ROOT/tests/services/prism.sh" "$1" "$SERVICES/prism" "${@:2}"; }

kafka_endpoints() (
  eval "$(kafka env)"
  export_lines QUELL_TEST_ <<EOF
KAFKA $KAFKA_BOOTSTRAP
KAFKA_SSL $KAFKA_SSL_BOOTSTRAP
KAFKA_SASL $KAFKA_SASL_BOOTSTRAP
KAFKA_OAUTH $KAFKA_OAUTH_BOOTSTRAP
KAFKA_JWT $KAFKA_JWT_BOOTSTRAP
KAFKA_CA $KAFKA_CA
KAFKA_OTHER_CA $KAFKA_OTHER_CA
KAFKA_CLIENT_CERT $KAFKA_CLIENT_CERT
KAFKA_CLIENT_KEY $KAFKA_CLIENT_KEY
KAFKA_USER $KAFKA_USER
KAFKA_PASSWORD $KAFKA_PASSWORD
KAFKA_CTL $KAFKA_CTL
EOF
)

samba_endpoints() (
  eval "$(samba env)"
  export_lines QUELL_TEST_AD_ <<EOF
URL $AD_URL
PLAIN_URL $AD_PLAIN_URL
CA $AD_CA
OTHER_CA $AD_OTHER_CA
BASE $AD_BASE
DOMAIN $AD_DNS_DOMAIN
NETBIOS $AD_NETBIOS
DOMAIN_SID $AD_DOMAIN_SID
STAFF_OU $AD_STAFF_OU
VIP_GROUP $AD_VIP_GROUP
USER $AD_SVC_UPN
USER_DN $AD_SVC_DN
PASSWORD $AD_SVC_PASSWORD
READER_USER $AD_READER_UPN
READER_PASSWORD $AD_READER_PASSWORD
ADMIN_USER $AD_ADMIN_UPN
ADMIN_PASSWORD $AD_ADMIN_PASSWORD
USER_PASSWORD $AD_USER_PASSWORD
AUDIT_LOG $AD_AUDIT_LOG
AUTH_LOG $AD_AUTH_LOG
CTL $AD_CTL
EOF
)

mail_endpoints() (
  eval "$(mail env)"
  export_lines QUELL_TEST_MAIL_ <<EOF
PLAIN_PORT $MAIL_PLAIN_PORT
SUBMISSION_PORT $MAIL_SUBMISSION_PORT
TLS_PORT $MAIL_TLS_PORT
CTL $MAIL_CTL
CA $MAIL_CA
OTHER_CA $MAIL_OTHER_CA
USER $MAIL_USER
PASSWORD $MAIL_PASSWORD
TAKEN $MAIL_TAKEN
EOF
)

prism_endpoints() (
  eval "$(prism env)"
  export_lines QUELL_TEST_PRISM_ <<EOF
CTL $PRISM_CTL
HOME $PRISM_HOME
EOF
)

# export_lines PREFIX: from "NAME the value" lines to lines that a shell can source.
export_lines() {
  local name value
  while read -r name value; do
    printf "export %s%s='%s'\n" "$1" "$name" "${value//\'/\'\\\'\'}"
  done
}

# write_env_file: the endpoints of whatever runs, for `. target/services/env.sh`.
write_env_file() {
  mkdir -p "$SERVICES"
  {
    echo "export QUELL_TEST_PRIVATE='$SERVICES/private'"
    if kafka status >/dev/null; then kafka_endpoints; fi
    if samba status >/dev/null; then samba_endpoints; fi
    if mail status >/dev/null; then mail_endpoints; fi
    if prism status >/dev/null; then prism_endpoints; fi
  } >"$ENV_FILE.new"
  chmod 600 "$ENV_FILE.new"
  mv "$ENV_FILE.new" "$ENV_FILE"
}

# stop_private: instances that tests started for themselves and did not stop.
stop_private() {
  local ctl
  for ctl in "$SERVICES"/private/*/ctl; do
    [ -x "$ctl" ] || continue
    "$ctl" stop || log "could not stop the private service in ${ctl%/ctl}"
  done
  rm -rf "$SERVICES/private"
}
