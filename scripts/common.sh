# What scripts/demo and scripts/test share: checks of the system, the virtual environment, the wheel of
# llama.cpp, the models. To be sourced by bash from the top of the checkout. Each step does nothing when its
# work is done already, and then needs no network.

VENV="$ROOT/.venv"
CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/voxedge"
PY="$VENV/bin/python"

say() { printf '%s\n' "$*" >&2; }
fail() { printf '\n%s: %s\n' "$NAME" "$1" >&2; shift; for line in "$@"; do printf '  %s\n' "$line" >&2; done; exit 1; }

# choose_python: sets PYTHON to an interpreter of version 3.10 to 3.13.
choose_python() {
  local candidate found=""
  for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.10; do
    command -v "$candidate" >/dev/null || continue
    found="$found $candidate $("$candidate" -c 'import platform; print(platform.python_version())' 2>/dev/null || true),"
    if "$candidate" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))' 2>/dev/null; then
      PYTHON="$candidate"
      return
    fi
  done
  fail "voxedge needs Python 3.10 to 3.13." "Found:${found:- none}" \
    "Install one (Debian, Ubuntu: sudo apt-get install python3 python3-venv), or name it: PYTHON=/path/to/python3.12 $NAME"
}

# check_system: names what is missing of the system's packages, needed and optional, with the line to get it.
check_system() {
  local needed="" optional="" uses=""
  "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || needed="$needed python3-venv"
  if [ "$WANT_LLM" = 1 ] && [ -z "$(kept_wheel)" ] && ! "$PY" -c 'import llama_cpp' 2>/dev/null; then
    # llama-cpp-python comes as source; cmake and ninja come from the package index.
    { command -v cc && command -v c++; } >/dev/null 2>&1 || needed="$needed gcc g++"
  fi
  if ! "$PYTHON" -c 'import ctypes.util, sys; sys.exit(not ctypes.util.find_library("portaudio"))' 2>/dev/null; then
    optional="$optional libportaudio2"; uses="$uses libportaudio2: microphone and loudspeaker;"
  fi
  command -v espeak-ng >/dev/null || { optional="$optional espeak-ng"; uses="$uses espeak-ng: voices beside English;"; }
  if [ -n "$needed" ]; then
    fail "system packages are missing:$needed" "Get them:  sudo apt-get install$needed"
  fi
  if [ -n "$optional" ]; then
    say "Not installed, and not needed for this:$optional ($(echo "$uses" | sed 's/^ //; s/;$//'))."
    say "  To get them:  sudo apt-get install$optional"
  fi
}

# make_environment: the virtual environment, made anew when the checkout was moved.
make_environment() {
  local mark="$VENV/voxedge-checkout"
  if [ -x "$PY" ] && "$PY" -c '' 2>/dev/null; then
    [ ! -f "$mark" ] || [ "$(cat "$mark")" = "$ROOT" ] && return
    say "The checkout was moved: the virtual environment is made anew."
  fi
  say "Making a virtual environment in .venv ($("$PYTHON" --version)) ..."
  "$PYTHON" -m venv --clear "$VENV" || fail "the virtual environment can't be made." "sudo apt-get install python3-venv"
  printf '%s' "$ROOT" >"$mark"
}

wheel_folder() {
  local tag
  tag="$("${1:-$PYTHON}" -c 'import sys, sysconfig; print(f"cp{sys.version_info[0]}{sys.version_info[1]}-{sysconfig.get_platform()}")')"
  printf '%s/wheels/%s' "$CACHE" "$tag"
}

# kept_wheel: prints the newest wheel of llama-cpp-python in the cache, or nothing.
kept_wheel() { ls -1 "$(wheel_folder)"/llama_cpp_python-*.whl 2>/dev/null | sort -V | tail -n 1 || true; }

# llama_wheel: builds the wheel of llama-cpp-python unless one is kept; sets WHEEL.
llama_wheel() {
  local folder work log pid began now step
  WHEEL="$(kept_wheel)"
  [ -z "$WHEEL" ] || return 0
  folder="$(wheel_folder)"
  mkdir -p "$folder"
  work="$(mktemp -d "$folder/build.XXXXXX")"
  log="$work/build.log"
  say "Building llama.cpp, once: about five minutes on two cores. The wheel is kept in $folder"
  "$PY" -m pip wheel --no-deps --prefer-binary --verbose --wheel-dir "$work" "$LLAMA" >"$log" 2>&1 &
  pid=$!
  trap 'kill $pid 2>/dev/null; rm -rf "$work"; exit 130' INT TERM
  began=$SECONDS
  now=0
  while kill -0 "$pid" 2>/dev/null; do
    sleep 1
    step="$(grep -o '\[[0-9]*/[0-9]*\]' "$log" | tail -n 1 || true)"
    if [ -t 2 ]; then
      printf '\r  %d:%02d  %s   ' $(((SECONDS - began) / 60)) $(((SECONDS - began) % 60)) "$step" >&2
    elif [ $((SECONDS - began)) -ge $((now + 30)) ]; then
      now=$((SECONDS - began))
      say "  $now s  $step"
    fi
  done
  [ ! -t 2 ] || printf '\n' >&2
  trap - INT TERM
  if ! wait "$pid"; then
    tail -n 25 "$log" >&2
    rm -rf "$work"
    fail "llama.cpp could not be built; the end of its log is above." \
      "Usual reasons: no network, no compiler (sudo apt-get install gcc g++), less than 2 GB of memory." \
      "Run this again when that is cured."
  fi
  mv -f "$work"/llama_cpp_python-*.whl "$folder/"
  rm -rf "$work"
  WHEEL="$(kept_wheel)"
}

# stamp EXTRAS, want EXTRAS: the file that tells what is installed, and what it says when that is as it should be.
stamp() { printf '%s/voxedge-installed-%s' "$VENV" "$(printf '%s' "$1" | tr ',' '-')"; }
want() { cat pyproject.toml - <<<"$ROOT $1" | sha256sum | cut -d' ' -f1; }

# install EXTRAS: voxedge in the environment, editable, with these extras; nothing when pyproject.toml is as before.
install() {
  local extras="$1" have
  # What the tests need (dev) holds all that the demo does.
  for have in "$extras" dev; do
    [ "$(cat "$(stamp "$have")" 2>/dev/null)" = "$(want "$have")" ] && return
  done
  LLAMA="$("$PYTHON" -c 'import re; print(re.search(r"\"(llama-cpp-python[^\"]*)\"", open("pyproject.toml", encoding="utf-8").read())[1])')"
  WHEEL=""
  [ "$WANT_LLM" != 1 ] || "$PY" -c 'import llama_cpp' 2>/dev/null || llama_wheel
  say "Installing voxedge and what it needs ..."
  "$PY" -m pip install --quiet --disable-pip-version-check --prefer-binary ${WHEEL:+"$WHEEL"} --editable ".[$extras]" ||
    fail "the packages could not be installed." "If the network is away, run this again when it is back: what was fetched is kept."
  want "$extras" >"$(stamp "$extras")"
}

# models NAME...: fetches what isn't there, with a progress bar; hashes what is.
models() {
  "$PY" -m voxedge models pull "$@" || fail "the models could not be fetched." \
    "Run this again when the network is back: what was fetched is kept." \
    "Or carry them over:  voxedge models bundle -o FILE  there,  voxedge models add FILE  here."
}
