#!/usr/bin/env bash
# Prints the files of the project that match the patterns (as git's pathspecs), from its root: files.sh '*.c' '*.h'.
# Tracked files that are still there; without git (an unpacked archive) every file outside build/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# Whoever runs this may not be the owner of the checkout (sudo, a container).
files=$(git -c safe.directory='*' ls-files -- "$@" 2>/dev/null) || files=
if [ -z "$files" ] && ! git -c safe.directory='*' rev-parse --git-dir >/dev/null 2>&1; then
	names=()
	for pattern in "$@"; do
		names+=(-o -name "$pattern")
	done
	files=$(find . -path ./build -prune -o -path ./node_modules -prune -o -type f '(' "${names[@]:1}" ')' -print |
		sed 's,^\./,,')
fi
while read -r file; do
	[ ! -f "$file" ] || printf '%s\n' "$file"
done <<<"$files" | LC_ALL=C sort
