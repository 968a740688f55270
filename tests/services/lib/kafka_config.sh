# shellcheck shell=bash
# What the test broker is told. Needs D, the ports of `choose_ports`, and the passwords.

KAFKA_USER=quell
# The password holds what careless quoting breaks: a space, an equals sign, a quote.
KAFKA_PASSWORD="test only='1"

write_config() {
  cat "$D/tls/key.pem" "$D/tls/cert.pem" "$D/tls/ca.pem" >"$D/tls/keystore.pem"
  chmod 600 "$D/tls/keystore.pem"
  { listeners; tls; sasl; small_and_quick; } >"$D/server.properties"
  logging >"$D/log4j2.properties"
  chmod 600 "$D/server.properties"
}

listeners() {
  local all="PLAINTEXT://127.0.0.1:$PLAIN_PORT,SSL://127.0.0.1:$SSL_PORT,SASL://127.0.0.1:$SASL_PORT"
  all="$all,OAUTH://127.0.0.1:$OAUTH_PORT,JWT://127.0.0.1:$JWT_PORT"
  cat <<EOF
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$CONTROLLER_PORT
listeners=$all,CONTROLLER://127.0.0.1:$CONTROLLER_PORT
advertised.listeners=$all
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SSL:SSL,SASL:SASL_SSL,OAUTH:SASL_SSL,JWT:SASL_SSL
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs=$D/data
auto.create.topics.enable=${KAFKA_AUTO_CREATE:-false}
EOF
}

tls() {
  cat <<EOF
ssl.keystore.type=PEM
ssl.keystore.location=$D/tls/keystore.pem
ssl.truststore.type=PEM
ssl.truststore.location=$D/tls/ca.pem
listener.name.ssl.ssl.client.auth=requested
EOF
}

# OAUTH takes Kafka's unsecured tokens, which a test can make by itself. JWT takes tokens
# signed by the key of `make_token_key` only, as an Event Hubs endpoint checks Entra's.
sasl() {
  local oauth=org.apache.kafka.common.security.oauthbearer password
  password="${KAFKA_PASSWORD//\"/\\\\\"}"
  cat <<EOF
listener.name.sasl.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.sasl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_$KAFKA_USER="$password";
listener.name.sasl.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.oauth.sasl.enabled.mechanisms=OAUTHBEARER
listener.name.oauth.oauthbearer.sasl.jaas.config=$oauth.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";
listener.name.jwt.sasl.enabled.mechanisms=OAUTHBEARER
listener.name.jwt.oauthbearer.sasl.jaas.config=$oauth.OAuthBearerLoginModule required;
listener.name.jwt.oauthbearer.sasl.server.callback.handler.class=$oauth.OAuthBearerValidatorCallbackHandler
listener.name.jwt.oauthbearer.sasl.oauthbearer.jwks.endpoint.url=file://$D/tokens/jwks.json
listener.name.jwt.oauthbearer.sasl.oauthbearer.expected.audience=quell-tests
listener.name.jwt.oauthbearer.sasl.oauthbearer.expected.issuer=https://issuer.quell.test
EOF
}

# One node on a small machine, whose groups settle and whose logs are cleaned quickly.
small_and_quick() {
  cat <<EOF
num.partitions=1
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=4
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
num.network.threads=2
num.io.threads=2
background.threads=2
log.cleaner.dedupe.buffer.size=8388608
log.cleaner.io.buffer.size=262144
log.cleaner.backoff.ms=500
log.retention.check.interval.ms=5000
log.initial.task.delay.ms=1000
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
EOF
}

logging() {
  cat <<EOF
status = error
appender.file.type = File
appender.file.name = file
appender.file.fileName = $D/kafka.log
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d %p %c{1} %m%n
rootLogger.level = info
rootLogger.appenderRef.file.ref = file
EOF
}
