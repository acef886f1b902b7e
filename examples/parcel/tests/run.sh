#!/bin/sh
# Compares what the programs print for each sample with the checked-in expectation: run.sh BUILD-DIRECTORY
set -u
build=${1:-build}
here=$(dirname "$0")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0
for sample in "$here"/samples/*.prc; do
    name=$(basename "$sample" .prc)
    {
        echo "# parcel-info -v"
        "$build/parcel-info" -v "$sample" || echo "exit $?"
        echo "# parcel-unpack"
        "$build/parcel-unpack" "$sample" "$work/unpacked" || echo "exit $?"
        cat "$work/unpacked"
        echo "# parcel-sum"
        "$build/parcel-sum" <"$sample" || echo "exit $?"
    } >"$work/$name.txt"
    if diff -u "$here/samples/$name.txt" "$work/$name.txt"; then
        echo "ok $name"
    else
        echo "not ok $name"
        failed=1
    fi
done
exit $failed
