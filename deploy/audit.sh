#!/bin/sh
# Asks the public database of advisories about every package of a lock file, with pip-audit in an
# environment of its own that is thrown away. Ends with 1 where something is known to be affected,
# with 0 and a sentence where the database cannot be reached: deploy/advisories.toml still holds.
set -eu
lock=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3.11}" -m venv "$folder/tools"
unreachable() {
    echo "The public database cannot be reached from here; deploy/advisories.toml was compared."
    exit 0
}
"$folder/tools/bin/pip" install --quiet --disable-pip-version-check pip-audit \
    2> "$folder/errors" || unreachable
if "$folder/tools/bin/pip-audit" --require-hashes --disable-pip --progress-spinner off \
    --requirement "$lock" --format json --output "$folder/found.json" 2> "$folder/errors"; then
    echo "No advisory is known for any package of $lock."
elif [ -s "$folder/found.json" ]; then
    "$folder/tools/bin/python" - "$folder/found.json" << 'TELL'
import json, sys
for one in json.load(open(sys.argv[1]))["dependencies"]:
    for known in one.get("vulns", ()):
        fixed = ", ".join(known["fix_versions"]) or "nothing yet"
        print(f"{one['name']} {one['version']}: {known['id']}, fixed in {fixed}")
TELL
    exit 1
else
    unreachable
fi
