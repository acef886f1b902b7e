#!/usr/bin/env bash
# Installs what is missing and nothing else: Debian packages when allowed to, then the virtual environment from the lock file.
# Usage: setup.sh VENV [--tests]
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$1
tests=${2:-}

wanted=$(grep -v '^#' scripts/debian-packages.txt | { if [ "$tests" = --tests ]; then sed 's/^tests: //'; else grep -v '^tests:'; fi; })
missing=()
if command -v dpkg-query >/dev/null; then
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' | awk '$1 == "installed" { print $2 }')
  for package in $wanted; do
    grep -qxF -- "$package" <<<"$installed" || missing+=("$package")
  done
else
  echo "This is not a Debian system: please install the equivalents of: $(tr '\n' ' ' <<<"$wanted")" >&2
fi
if [ ${#missing[@]} -gt 0 ]; then
  install="apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
  if [ "$(id -u)" = 0 ]; then
    echo "Installing Debian packages: ${missing[*]}" >&2
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >&2
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  elif sudo -n true 2>/dev/null; then
    echo "Installing Debian packages: ${missing[*]}" >&2
    sudo apt-get update -qq >&2
    sudo DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  else
    echo "Missing Debian packages. Please run this line, then start again:" >&2
    echo "  sudo sh -c '$install'" >&2
    exit 5
  fi
fi

[ -f "$venv/.installed" ] && [ "$venv/.installed" -nt requirements.lock ] && [ "$venv/.installed" -nt pyproject.toml ] && exit 0
python=$(command -v python3.11 || command -v python3)
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed." >&2; exit 5; }
echo "Setting up the virtual environment in $venv" >&2
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
uv_line=$(grep -E '^uv==' requirements.lock | sed 's/ .*//')
"$venv/bin/uv" --version >/dev/null 2>&1 || "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$uv_line"
"$venv/bin/uv" pip sync --quiet --python "$venv/bin/python" --require-hashes requirements.lock
"$venv/bin/uv" pip install --quiet --python "$venv/bin/python" --no-deps --editable .
