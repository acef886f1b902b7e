#!/usr/bin/env bash
# `make scan`: scans TARGET. The bundled examples bring their own scope; for anything else the owner is asked for one.
# Usage: scan.sh MITHRIDATE TARGET OUT BUDGET
set -uo pipefail
mithridate=$1 target=$2 out=$3 budget=$4
scope=()
case $target in
  examples/*) scope=(--scope examples/mithridate.scope.toml) ;;
esac
"$mithridate" scan "$target" --out "$out" --budget "$budget" "${scope[@]}"
code=$?
# 10 says that something was proved: for make that is a success.
[ $code -eq 10 ] && code=0
if [ $code -eq 0 ]; then
  echo >&2
  echo "The report is in $out/report.html. Your own code: make scan TARGET=path/to/project" >&2
fi
exit $code
