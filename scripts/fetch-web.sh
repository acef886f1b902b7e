#!/usr/bin/env bash
# Brings the graph library of the explorer of attack paths: one file of one npm package, pinned by version and SHA-512. Where it
# comes from is the owner's to say: a file, npm as it is set up, or the registry that npm's settings name. Without it everything
# works, and the explorer shows its list instead of the graph; so this warns and never fails.
# Usage: fetch-web.sh
set -euo pipefail
cd "$(dirname "$0")/.."
package=cytoscape
version=3.35.0
sha512=b0cbc121788632786409a5b3d91d3a17017fdbb30d952f93aaf8b5edfa0ef54867520dd719971c2a3c6cbc4a9014041831249998de52c58cd46254340ce249de
vendor=src/mithridate/report/estate/web/vendor
tarball=$package-$version.tgz

[ "$(cat "$vendor/.brought" 2>/dev/null)" = "$sha512" ] && [ -f "$vendor/cytoscape.min.js" ] && exit 0

give_up() { # MESSAGE...: what is missing, and how to bring it
  printf '%s\n' "$@" "The explorer of attack paths will show its list without the graph. To have the graph, set MITHRIDATE_CYTOSCAPE to a copy of" \
    "$tarball, or NPM_CONFIG_REGISTRY to a registry that has $package, and run scripts/fetch-web.sh." >&2
  exit 0
}

registry() { # the registry that npm's environment or settings name; nothing when they name none
  local file=${NPM_CONFIG_USERCONFIG:-${npm_config_userconfig:-$HOME/.npmrc}}
  local named=${NPM_CONFIG_REGISTRY:-${npm_config_registry:-}}
  [ -n "$named" ] || named=$(sed -nE 's/^[[:space:]]*registry[[:space:]]*=[[:space:]]*"?([^"[:space:]]+)"?.*/\1/p' "$file" /etc/npmrc 2>/dev/null | head -n 1)
  printf '%s' "${named%/}"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -n "${MITHRIDATE_CYTOSCAPE:-}" ]; then
  cp -- "$MITHRIDATE_CYTOSCAPE" "$work/$tarball" 2>/dev/null || give_up "MITHRIDATE_CYTOSCAPE names $MITHRIDATE_CYTOSCAPE, which cannot be read."
elif command -v npm >/dev/null; then
  (cd "$work" && timeout 120 npm pack --silent "$package@$version" >/dev/null 2>"$work/why") ||
    give_up "npm did not bring $package $version: $(head -c 300 "$work/why" | tr '\n' ' ')"
else
  from=$(registry)
  [ -n "$from" ] || give_up "There is no npm, and no npm registry is set."
  timeout 120 python3 - "$from/$package/-/$tarball" "$work/$tarball" 2>"$work/why" <<'PYTHON' ||
import shutil, sys, urllib.request
with urllib.request.urlopen(sys.argv[1], timeout=60) as answer, open(sys.argv[2], "wb") as file:
    shutil.copyfileobj(answer, file)
PYTHON
    give_up "The npm registry that is set did not give $package $version: $(tail -n 1 "$work/why")"
fi
[ -f "$work/$tarball" ] || give_up "npm did not bring $tarball."
[ "$(sha512sum <"$work/$tarball" | cut -d ' ' -f 1)" = "$sha512" ] ||
  give_up "What was brought as $tarball is not what is pinned (its SHA-512 differs), and was thrown away."
tar -xzf "$work/$tarball" -C "$work" package/dist/cytoscape.min.js package/LICENSE || give_up "$tarball could not be unpacked."
mkdir -p "$vendor"
mv "$work/package/dist/cytoscape.min.js" "$vendor/cytoscape.min.js"
mv "$work/package/LICENSE" "$vendor/LICENSE"
printf '%s' "$sha512" >"$vendor/.brought"
