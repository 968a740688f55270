# shellcheck shell=bash
# What the domain controller is told. Needs D, REALM, DNS_DOMAIN and NETBIOS.

write_config() {
  mkdir -p "$D/dc/run" "$D/dc/cache" "$D/dc/state"
  { global; folders; audit; tls; shares; } >"$D/smb.conf"
}

# LDAP and Kerberos alone: without SMB and RPC it starts within a second.
# The password before a reset would go on working for an hour (Samba's default), which
# hides whether a reset has locked somebody out: so not here.
global() {
  cat <<EOF
[global]
  netbios name = DC1
  workgroup = $NETBIOS
  realm = $REALM
  server role = active directory domain controller
  server services = ${SAMBA_SERVICES:-ldap, cldap, kdc}
  interfaces = lo
  bind interfaces only = yes
  prefork children = 2
  old password allowed period = ${SAMBA_OLD_PASSWORD_MINUTES:-0}
  ldb:nosync = true
EOF
}

folders() {
  cat <<EOF
  private dir = $D/dc/private
  state directory = $D/dc/state
  lock directory = $D/dc/run
  cache directory = $D/dc/cache
  pid directory = $D/dc/run
  ncalrpc dir = $D/dc/run/ncalrpc
  winbindd socket directory = $D/dc/run/winbindd
  ntp signd socket directory = $D/dc/run/ntp_signd
  log file = $D/samba.log
  # The tests count in the logs of changes: one that is begun anew in the middle would tell too few.
  max log size = 0
EOF
}

# One JSON object a line: who has bound, and who has written what.
audit() {
  cat <<EOF
  log level = 1 auth_json_audit:3@$D/auth_audit.log dsdb_json_audit:5@$D/dsdb_audit.log dsdb_password_json_audit:5@$D/password_audit.log dsdb_group_json_audit:5@$D/group_audit.log
EOF
}

tls() {
  cat <<EOF
  tls enabled = yes
  tls keyfile = $D/tls/key.pem
  tls certfile = $D/tls/cert.pem
  tls cafile = $D/tls/ca.pem
EOF
}

shares() {
  cat <<EOF
[sysvol]
  path = $D/dc/state/sysvol
  read only = No
[netlogon]
  path = $D/dc/state/sysvol/$DNS_DOMAIN/scripts
  read only = No
EOF
}
