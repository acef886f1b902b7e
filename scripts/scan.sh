#!/usr/bin/env bash
# `make scan`: scans TARGET for BUDGET, results in OUT. The bundled examples bring their own scope; anything else needs one from
# its owner. Usage: TARGET=… OUT=… BUDGET=… scan.sh MITHRIDATE
set -uo pipefail
mithridate=$1
target=${TARGET:-examples/parcel}
name=$(basename "$(realpath -m -- "$target")")
out=${OUT:-out/$name}
budget=${BUDGET:-3m}
examples=$(realpath examples)
scope=()
case $(realpath -m -- "$target")/ in
  "$examples"/*/) scope=(--scope "$examples/mithridate.scope.toml") ;;
esac
"$mithridate" scan --out "$out" --budget "$budget" "${scope[@]}" -- "$target"
code=$?
case $code in
  0 | 10) # 10 says that something was proved: for make that is a success
    printf '\n%s\n' "The report is in $out/report.html. Your own code: make scan TARGET=path/to/project" >&2
    exit 0
    ;;
  4) echo "  (the program is $mithridate; after that, the same make command again)" >&2 ;;
esac
exit $code
