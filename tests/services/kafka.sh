#!/usr/bin/env bash
# shellcheck source-path=SCRIPTDIR
# Apache Kafka for tests: one KRaft node, broker and controller, on loopback only.
#
#   kafka.sh start DIR             start it, wait until it serves, print KAFKA_*='…' lines
#   kafka.sh stop DIR              stop it; data and ports stay for the next start
#   kafka.sh status DIR            the same lines, exit 3 when it does not run
#   kafka.sh env DIR               the same lines only
#   kafka.sh kill DIR              end it like a power cut (SIGKILL)
#   kafka.sh pause|resume DIR      a broker that accepts connections and never answers
#   kafka.sh reset DIR             stop it, forget every topic, start it again
#   kafka.sh token DIR [SECONDS] [SUBJECT]   a signed token for KAFKA_JWT_BOOTSTRAP
#   kafka.sh unsigned-token DIR [SECONDS] [SUBJECT]   one for KAFKA_OAUTH_BOOTSTRAP
#   kafka.sh tool DIR NAME ARGS…   Kafka's own tools: topics, configs, consumer-groups,
#                                  console-producer, console-consumer
#   kafka.sh fetch DIR             only install Java and Maven and download the jars
#
# Java 17 and Maven come from Debian when they are missing, the jars from Maven Central,
# once, into KAFKA_CACHE (default target/services/kafka-cache). Further variables:
# KAFKA_VERSION, KAFKA_HEAP (512m), KAFKA_AUTO_CREATE (false: topics on first use).
set -euo pipefail
NAME=kafka
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=lib/service.sh
. "$HERE/lib/service.sh"
# shellcheck source=lib/packages.sh
. "$HERE/lib/packages.sh"
# shellcheck source=lib/certificates.sh
. "$HERE/lib/certificates.sh"
# shellcheck source=lib/tokens.sh
. "$HERE/lib/tokens.sh"
# shellcheck source=lib/kafka_jars.sh
. "$HERE/lib/kafka_jars.sh"
# shellcheck source=lib/kafka_config.sh
. "$HERE/lib/kafka_config.sh"

running() { alive "$D/kafka.pid" && [ -s "$D/ports" ]; }

start() {
  need_packages "$D/apt.log" openssl python3
  fetch_kafka
  make_certificates "$D/tls" kafka.quell.test
  make_token_key "$D/tokens"
  choose_ports
  write_config
  [ -s "$D/data/meta.properties" ] || format
  log "starting Apache Kafka $KAFKA_VERSION in $D"
  launch
  wait_ready
}

stop() { end "$D/kafka.pid" 150; }

print_env() {
  read_ports
  cat <<EOF
KAFKA_BOOTSTRAP='127.0.0.1:$PLAIN_PORT'
KAFKA_SSL_BOOTSTRAP='127.0.0.1:$SSL_PORT'
KAFKA_SASL_BOOTSTRAP='127.0.0.1:$SASL_PORT'
KAFKA_OAUTH_BOOTSTRAP='127.0.0.1:$OAUTH_PORT'
KAFKA_JWT_BOOTSTRAP='127.0.0.1:$JWT_PORT'
KAFKA_CA='$D/tls/ca.pem'
KAFKA_OTHER_CA='$D/tls/other-ca.pem'
KAFKA_CLIENT_CERT='$D/tls/client.pem'
KAFKA_CLIENT_KEY='$D/tls/client-key.pem'
KAFKA_USER='$KAFKA_USER'
KAFKA_PASSWORD=$(quoted "$KAFKA_PASSWORD")
KAFKA_VERSION='$KAFKA_VERSION'
KAFKA_CTL='$D/ctl'
KAFKA_PID='$(cat "$D/kafka.pid")'
EOF
}

command_kill() {
  locked
  must_run
  kill_hard "$(cat "$D/kafka.pid")"
}

command_pause() { must_run; kill -STOP "$(cat "$D/kafka.pid")"; }
command_resume() { must_run; kill -CONT "$(cat "$D/kafka.pid")"; }

command_reset() {
  locked
  stop
  rm -rf "$D/data"
  begin
}

command_token() { signed_token "$D/tokens" "${2:-$KAFKA_USER}" "${1:-3600}"; }
command_unsigned-token() { unsigned_token "${2:-$KAFKA_USER}" "${1:-3600}"; }
command_fetch() { fetch_kafka; }

command_tool() {
  must_run
  read_ports
  find_java || die "no Java 17 found"
  local name="${1:-}" class
  case "$name" in
    topics) class=org.apache.kafka.tools.TopicCommand ;;
    configs) class=kafka.admin.ConfigCommand ;;
    consumer-groups) class=org.apache.kafka.tools.consumer.group.ConsumerGroupCommand ;;
    console-producer) class=org.apache.kafka.tools.ConsoleProducer ;;
    console-consumer) class=org.apache.kafka.tools.consumer.ConsoleConsumer ;;
    *) usage ;;
  esac
  shift
  case " $* " in
    *' --bootstrap-server '*) ;;
    *) set -- --bootstrap-server "127.0.0.1:$PLAIN_PORT" "$@" ;;
  esac
  exec "$JAVA" -Xmx128m -XX:TieredStopAtLevel=1 -cp "$JARS/*" "$class" "$@"
}

quoted() { printf "'%s'\n" "${1//\'/\'\\\'\'}"; }

# choose_ports: those of the last start, unless somebody has taken one since.
choose_ports() {
  if [ -s "$D/ports" ]; then
    read_ports
    ! ports_free "$PLAIN_PORT" "$SSL_PORT" "$SASL_PORT" "$OAUTH_PORT" "$JWT_PORT" "$CONTROLLER_PORT" || return 0
    log "a port of the last start has been taken: choosing new ones"
  fi
  free_ports 6 >"$D/ports"
  read_ports
}

read_ports() {
  read -r PLAIN_PORT SSL_PORT SASL_PORT OAUTH_PORT JWT_PORT CONTROLLER_PORT <"$D/ports"
}

# format: prepare the data folder and make the SCRAM user, of which the broker keeps
# salted hashes only. A cluster id is 16 random bytes in URL-safe base 64 that does not
# begin with a dash.
format() {
  rm -rf "$D/data"
  local id
  id="$(openssl rand 16 | base64url)"
  java_run -Xmx128m kafka.tools.StorageTool format --cluster-id "A${id:1}" --config "$D/server.properties" \
    --add-scram "SCRAM-SHA-256=[name=\"$KAFKA_USER\",password=\"$KAFKA_PASSWORD\"]" \
    --add-scram "SCRAM-SHA-512=[name=\"$KAFKA_USER\",password=\"$KAFKA_PASSWORD\"]" \
    >"$D/format.log" 2>&1 || die "formatting the data folder failed, see $D/format.log"
}

# The broker replaces the subshell, so the process id written down is its own. A message of a
# hundred megabytes passes through memory outside the heap, of which each thread would keep a
# part of that size for the next one.
launch() {
  (
    cd "$D"
    # shellcheck disable=SC2030
    exec 9>&-
    exec setsid "$JAVA" -Xms64m -Xmx"${KAFKA_HEAP:-512m}" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
      -XX:MaxDirectMemorySize=2g -Djdk.nio.maxCachedBufferSize=1048576 \
      -Dlog4j2.configurationFile="$D/log4j2.properties" \
      -Dorg.apache.kafka.sasl.oauthbearer.allowed.urls="file://$D/tokens/jwks.json" \
      -cp "$JARS/*" kafka.Kafka "$D/server.properties" </dev/null >"$D/console.log" 2>&1
  ) &
  echo $! >"$D/kafka.pid"
}

java_run() {
  "$JAVA" -Dlog4j2.configurationFile="$D/log4j2.properties" -cp "$JARS/*" "$@"
}

wait_ready() {
  local deadline=$((SECONDS + 90))
  until python3 "$HERE/lib/kafka_ready.py" "127.0.0.1:$PLAIN_PORT" 2>"$D/ready.log"; do
    if gone "$(cat "$D/kafka.pid")" || [ $SECONDS -ge $deadline ]; then
      stop
      die "Kafka did not come up ($(tail -n 1 "$D/ready.log")), see $D/kafka.log and $D/console.log"
    fi
    sleep 0.1
  done
}

dispatch "$@"
