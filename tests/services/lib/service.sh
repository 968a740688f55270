# shellcheck shell=bash
# The life of one service, for the scripts beside this folder. A script sets NAME,
# sources this file, defines `running`, `start`, `stop` and `print_env`, and ends with
# `dispatch "$@"`. While a command runs, D is the absolute path of the service's folder,
# and everything that the service writes stays below it.

# Exit codes beyond 0 and 1. NOT_PERMITTED is sysexits' EX_NOPERM.
readonly USAGE=2 NOT_RUNNING=3 NOT_PERMITTED=77

log() { echo "$NAME: $*" >&2; }
die() { log "$*"; exit 1; }

usage() {
  sed -n '3,/^set -/p' "$0" | sed -n 's/^# \{0,1\}//p' >&2
  exit "$USAGE"
}

# dispatch COMMAND DIR ARGS...: the commands that every service has; others go to the
# script's own function `command_<name>`.
dispatch() {
  [ $# -ge 2 ] || usage
  local command="$1" dir="$2"
  shift 2
  case "$command" in start | reset | fetch) mkdir -p "$dir" ;; esac
  if [ ! -d "$dir" ]; then
    case "$command" in
      stop) return 0 ;;
      status) echo "RUNNING='no'"; exit "$NOT_RUNNING" ;;
      *) die "there is no folder $dir: start the service first" ;;
    esac
  fi
  D="$(cd "$dir" && pwd -P)"
  case "$command" in
    start) locked; begin ;;
    stop) locked; stop ;;
    status) if running; then echo "RUNNING='yes'"; print_env; else echo "RUNNING='no'"; exit "$NOT_RUNNING"; fi ;;
    env) must_run; print_env ;;
    *) declare -F "command_$command" >/dev/null || usage; "command_$command" "$@" ;;
  esac
}

# begin: start unless it runs already; either way print how to reach it.
begin() {
  if ! running; then stop; start; fi
  write_ctl
  print_env
}

must_run() { running || { log "not running in $D"; exit "$NOT_RUNNING"; }; }

# locked: one start, stop or reset at a time. Every daemon closes descriptor 9, or it
# would hold the lock as long as it lives.
locked() {
  exec 9>"$D/lock"
  flock -w 300 9 || die "another command has held $D/lock for five minutes"
}

# write_ctl: a program that tests can call without knowing script or folder. An
# explicit folder as second word gives a second, private instance of the service.
write_ctl() {
  cat >"$D/ctl.new" <<EOF
#!/bin/sh
# $NAME: ctl COMMAND [DIR]; without DIR, this folder.
command="\$1"; shift
case "\${1:-}" in /*) dir="\$1"; shift ;; *) dir='$D' ;; esac
exec '$HERE/$NAME.sh' "\$command" "\$dir" "\$@"
EOF
  chmod 755 "$D/ctl.new"
  mv "$D/ctl.new" "$D/ctl"
}

# alive PIDFILE: the process exists and has D in its command line or as its working
# directory, so that a process id used again by somebody else never counts.
alive() {
  local pid traces
  [ -s "$1" ] || return 1
  pid="$(cat "$1")"
  ! gone "$pid" || return 1
  traces="$({ tr '\0' ' ' <"/proc/$pid/cmdline"; readlink "/proc/$pid/cwd"; } 2>/dev/null)" || return 1
  [[ "$traces" == *"$D"* ]]
}

# gone PID: ended; a zombie that nobody has reaped yet counts as ended.
gone() {
  local state
  state="$(cat "/proc/$1/stat" 2>/dev/null)" || return 0
  state="${state##*) }"
  [ "${state%% *}" = Z ]
}

# wait_gone PID TENTHS: give it so many tenths of a second.
wait_gone() {
  local i
  for ((i = 0; i < $2; i++)); do
    gone "$1" && return 0
    sleep 0.1
  done
  gone "$1"
}

# end PIDFILE TENTHS: TERM, and KILL when that has not helped after so many tenths.
end() {
  local pid
  if alive "$1"; then
    pid="$(cat "$1")"
    kill -CONT "$pid" 2>/dev/null || true # a paused process would never see the TERM
    kill -TERM "$pid" 2>/dev/null || true
    wait_gone "$pid" "$2" || kill_hard "$pid"
  fi
  rm -f "$1"
}

kill_hard() {
  kill -KILL "$1" 2>/dev/null || true
  wait_gone "$1" 50 || die "process $1 does not end"
}

# free_ports N: N different free TCP ports on loopback. They lie below the range from
# which the kernel takes the ports of outgoing connections: a client that keeps trying
# to reach a stopped service must not be given the service's own port.
free_ports() {
  python3 - "$1" <<'P'
import random, socket, sys

with open("/proc/sys/net/ipv4/ip_local_port_range") as f:
    top = min(int(f.read().split()[0]), 32768)
found = []
for port in random.sample(range(min(20000, top - 5000), top), 4000):
    try:
        with socket.socket() as s:
            s.bind(("127.0.0.1", port))
    except OSError:
        continue
    found.append(port)
    if len(found) == int(sys.argv[1]):
        print(*found)
        break
else:
    sys.exit("no free port found")
P
}

# ports_free PORT...: all of them can be listened on.
ports_free() {
  python3 - "$@" <<'P'
import socket, sys

for port in sys.argv[1:]:
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", int(port)))
        except OSError:
            sys.exit(1)
P
}
