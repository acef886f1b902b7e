#!/usr/bin/env bash
# Installs what is missing and nothing else: Debian packages when allowed to, a graph library for the explorer of attack paths,
# then the virtual environment from the lock file.
# Usage: setup.sh VENV [--tests]
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$1
tests=${2:-}

give_up() { # MESSAGE...: what is wrong and what to do, and the exit code for a missing requirement
  printf '%s\n' "$@" >&2
  exit 5
}

wanted=$(grep -v '^#' scripts/debian-packages.txt | { if [ "$tests" = --tests ]; then sed 's/^tests: //'; else grep -v '^tests:'; fi; })
missing=()
if command -v dpkg-query >/dev/null; then
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' | awk '$1 == "installed" { print $2 }')
  for package in $wanted; do
    grep -qxF -- "$package" <<<"$installed" || missing+=("$package")
  done
elif [ ! -f "$venv/.installed" ]; then
  echo "This is not a Debian system: please install the equivalents of: $(tr '\n' ' ' <<<"$wanted")" >&2
fi
if [ ${#missing[@]} -gt 0 ]; then
  line="apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
  if [ "$(id -u)" = 0 ]; then
    as_root=(env)
  elif sudo -n true 2>/dev/null; then
    as_root=(sudo)
  elif command -v sudo >/dev/null; then
    give_up "Missing Debian packages. Please run this line, then start again:" "  sudo sh -c '$line'"
  else
    give_up "Missing Debian packages. Please have root run this line, then start again:" "  su -c '$line'"
  fi
  echo "Installing Debian packages: ${missing[*]}" >&2
  apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq)
  "${apt[@]}" update >&2 && "${apt[@]}" install -y --no-install-recommends "${missing[@]}" >/dev/null || give_up \
    "The Debian packages could not be installed; apt-get says why above. Without a network, bring these yourself, then start again:" \
    "  ${missing[*]}"
fi

bash scripts/fetch-web.sh

compiled() { # our own sources as bytecode: what runs in sandboxes cannot write any, and starts anew for every batch of inputs
  "$venv/bin/python" -m compileall -q src >/dev/null 2>&1 || true
}

if [ -f "$venv/.installed" ] && [ "$venv/.installed" -nt requirements.lock ] && [ "$venv/.installed" -nt pyproject.toml ]; then
  compiled
  exit 0
fi
python=$(command -v python3.11 || command -v python3) || give_up "Python 3.11 or newer is needed."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || give_up "Python 3.11 or newer is needed; this is $("$python" -V)."
echo "Setting up the virtual environment in $venv" >&2
no_index="The Python packages could not be installed; the words above say why. Without a network, point pip and uv at a mirror
(PIP_INDEX_URL and UV_DEFAULT_INDEX, or PIP_FIND_LINKS and UV_FIND_LINKS for a directory of wheels), then start again."
# A checkout that was moved leaves a python behind that does not start.
"$venv/bin/python" -c '' 2>/dev/null || "$python" -m venv --clear "$venv" ||
  give_up "The virtual environment could not be made; on Debian it takes the package python3-venv."
uv=("$venv/bin/python" -m uv)
if ! "${uv[@]}" --version >/dev/null 2>&1; then
  # uv itself comes from the lock file too, with its hashes.
  awk '/^uv==/ { on = 1 } on { print } on && !/\\$/ { exit }' requirements.lock >"$venv/uv.txt"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r "$venv/uv.txt" || give_up "$no_index"
fi
"${uv[@]}" pip sync --quiet --compile-bytecode --python "$venv/bin/python" --require-hashes requirements.lock || give_up "$no_index"
"${uv[@]}" pip install --quiet --python "$venv/bin/python" --no-deps --no-build-isolation --offline --editable . ||
  give_up "Mithridate itself could not be put into the virtual environment; remove $venv and start again."
compiled
