#!/usr/bin/env bash
# Installs voxedge as a systemd service, or removes it. May be run again at any time: it changes only what
# differs, and says what it does.
#
#   sudo scripts/install_service.sh                    from this checkout
#   sudo scripts/install_service.sh --wheel FILE.whl   from a built package
#   sudo scripts/install_service.sh --venv DIR         with an environment that is there already
#   sudo scripts/install_service.sh --uninstall        removes the service and its environment
#   sudo scripts/install_service.sh --uninstall --purge    ... and configuration, models and state
#
#   --extras LIST   optional parts, comma-separated (serve,speech)
#   --root DIR      puts everything under DIR and starts nothing: for images, and to look at first
#   --no-start      doesn't enable or start it
#   --dry-run       only says what would be done
set -euo pipefail
ROOT=""; VENV=""; WHEEL=""; EXTRAS="serve,speech"; START=1; UNINSTALL=0; PURGE=0; DRY=0
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
OWN_VENV=/opt/voxedge
UNIT=/etc/systemd/system/voxedge.service
CONFIG=/etc/voxedge/voxedge.toml
STATE=/var/lib/voxedge

say() { printf 'install_service: %s\n' "$*"; }
fail() { printf 'install_service: %s\n' "$*" >&2; exit 2; }
run() { if [ "$DRY" = 1 ]; then say "would run: $*"; else "$@"; fi; }
need_value() { [ $# -ge 2 ] && [ -n "$2" ] || fail "$1 needs a value."; }

while [ $# -gt 0 ]; do
  case "$1" in
    --root) need_value "$@"; ROOT="${2%/}"; START=0; shift ;;
    --venv) need_value "$@"; VENV="$2"; shift ;;
    --wheel) need_value "$@"; WHEEL="$2"; shift ;;
    --extras) need_value "$@"; EXTRAS="$2"; shift ;;
    --no-start) START=0 ;;
    --uninstall) UNINSTALL=1 ;;
    --purge) PURGE=1 ;;
    --dry-run) DRY=1 ;;
    -h|--help) sed -n '2,16p' "$0" | sed 's/^# \{0,1\}//'; exit 0 ;;
    *) fail "there is no option $1; --help lists them." ;;
  esac
  shift
done
[ "$PURGE" = 0 ] || [ "$UNINSTALL" = 1 ] || fail "--purge goes with --uninstall only."
[ -z "$WHEEL" ] || [ -f "$WHEEL" ] || fail "there is no file $WHEEL."
[ -z "$VENV" ] || [ -x "$VENV/bin/voxedge" ] || fail "$VENV/bin/voxedge isn't there: --venv names an environment with voxedge in it."
if [ -z "$ROOT" ] && [ "$DRY" = 0 ] && [ "$(id -u)" != 0 ]; then
  fail "this changes the system: run it with sudo, or try --dry-run or --root DIR."
fi
systemd_runs() { [ -z "$ROOT" ] && [ -d /run/systemd/system ]; }

# place FILE DESTINATION: puts a file in place if it differs.
place() {
  local target="$ROOT$2"
  if [ -f "$target" ] && cmp -s "$1" "$target"; then say "$2: unchanged"; return; fi
  say "$2: written"
  run install -D -m 0644 "$1" "$target"
  CHANGED=1
}

if [ "$UNINSTALL" = 1 ]; then
  if systemd_runs && [ -f "$UNIT" ]; then say "stopping the service"; run systemctl disable --now voxedge.service; fi
  for thing in "$UNIT" "$OWN_VENV"; do
    if [ -e "$ROOT$thing" ]; then say "$thing: removed"; run rm -rf -- "$ROOT$thing"; else say "$thing: not there"; fi
  done
  if systemd_runs; then run systemctl daemon-reload; fi
  if [ "$PURGE" = 1 ]; then
    for thing in "$(dirname "$CONFIG")" "$STATE" "/var/lib/private/voxedge"; do
      if [ -e "$ROOT$thing" ]; then say "$thing: removed"; run rm -rf -- "$ROOT$thing"; fi
    done
  else
    say "kept: $CONFIG and $STATE (--purge removes them)"
  fi
  exit 0
fi

CHANGED=0
if [ -z "$VENV" ]; then
  VENV="$OWN_VENV"
  if [ ! -x "$ROOT$VENV/bin/python" ]; then say "$VENV: made"; run python3 -m venv "$ROOT$VENV"; fi
  WHAT="${WHEEL:-$HERE}"
  say "$VENV: installing $WHAT with $EXTRAS"
  run "$ROOT$VENV/bin/python" -m pip install --quiet --upgrade "${WHAT}[$EXTRAS]"
  CHANGED=1
fi
TEMPORARY="$(mktemp)"
trap 'rm -f "$TEMPORARY"' EXIT
sed "s|^ExecStart=/opt/voxedge/|ExecStart=$VENV/|" "$HERE/packaging/voxedge.service" > "$TEMPORARY"
place "$TEMPORARY" "$UNIT"
if [ -f "$ROOT$CONFIG" ]; then say "$CONFIG: kept as it is"; else place "$HERE/packaging/voxedge.toml" "$CONFIG"; fi
if [ "$START" = 1 ] && systemd_runs; then
  run systemctl daemon-reload
  run systemctl enable voxedge.service
  if [ "$CHANGED" = 1 ]; then say "starting the service"; run systemctl restart voxedge.service
  else run systemctl start voxedge.service; fi
  say "journalctl -u voxedge shows what it says; curl http://127.0.0.1:8765/health/ready how it is"
else
  say "not started"
fi
say "models: sudo VOXEDGE_HOME=$STATE/models $VENV/bin/voxedge models pull tiny.en hibari-en"
