# shellcheck shell=bash
# Java, and Apache Kafka's jars out of Maven Central. Sets JAVA. Needs `log` and `die`.

KAFKA_VERSION="${KAFKA_VERSION:-4.1.1}"
LOG4J_VERSION=2.24.3
KAFKA_CACHE="${KAFKA_CACHE:-$(cd "$HERE/../.." && pwd -P)/target/services/kafka-cache}"
JARS="$KAFKA_CACHE/$KAFKA_VERSION"

# fetch_kafka: does nothing once the jars are there. Brokers started side by side wait
# for one download; the folder gets its name last, so that half a download never counts.
fetch_kafka() {
  find_java || install_java
  [ ! -d "$JARS" ] || return 0
  mkdir -p "$KAFKA_CACHE"
  (
    flock -w 900 8 || die "another download has held $KAFKA_CACHE/lock for fifteen minutes"
    [ -d "$JARS" ] || download
  ) 8>"$KAFKA_CACHE/lock"
}

find_java() {
  local candidate
  for candidate in "${JAVA_HOME:-/nonexistent}/bin/java" "$(command -v java || true)" /usr/lib/jvm/*/bin/java; do
    [ -x "$candidate" ] || continue
    [ "$(java_version "$candidate")" -ge 17 ] || continue
    JAVA="$candidate"
    return 0
  done
  return 1
}

java_version() { # 17.0.15 is 17; what cannot be read is 0
  local version
  version="$("$1" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1)"
  echo "${version:-0}"
}

install_java() {
  need_packages "$D/apt.log" openjdk-17-jre-headless
  find_java || die "Apache Kafka needs Java 17 or later, and none was found"
}

download() {
  command -v mvn >/dev/null || need_packages "$D/apt.log" maven
  log "fetching Apache Kafka $KAFKA_VERSION through Maven into $KAFKA_CACHE (once)"
  local new="$KAFKA_CACHE/new"
  rm -rf "$new"
  mkdir -p "$new"
  write_pom >"$new/pom.xml"
  # Maven is not to leave anything in the home folder, and is to refuse a jar whose
  # checksum is wrong.
  JAVA_HOME="$(dirname "$(dirname "$(readlink -f "$JAVA")")")" \
    mvn --batch-mode --strict-checksums -f "$new/pom.xml" -Dmaven.repo.local="$new/repository" \
    org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
    -DoutputDirectory="$new/jars" -DincludeScope=runtime </dev/null >"$KAFKA_CACHE/maven.log" 2>&1 ||
    die "Maven failed, see $KAFKA_CACHE/maven.log"
  [ -s "$new/jars/kafka_2.13-$KAFKA_VERSION.jar" ] || die "Maven brought no broker, see $KAFKA_CACHE/maven.log"
  mv "$new/jars" "$JARS"
  rm -rf "$new"
}

# The broker leaves the logging back end to its distribution: without log4j-core it
# would run and say nothing.
write_pom() {
  cat <<EOF
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>quell.tests</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
$(dependency org.apache.kafka kafka_2.13 "$KAFKA_VERSION")
$(dependency org.apache.kafka kafka-tools "$KAFKA_VERSION")
$(dependency org.apache.logging.log4j log4j-core "$LOG4J_VERSION")
$(dependency org.apache.logging.log4j log4j-slf4j-impl "$LOG4J_VERSION")
$(dependency org.apache.logging.log4j log4j-1.2-api "$LOG4J_VERSION")
  </dependencies>
</project>
EOF
}

dependency() {
  echo "    <dependency><groupId>$1</groupId><artifactId>$2</artifactId><version>$3</version></dependency>"
}
