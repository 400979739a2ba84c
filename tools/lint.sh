#!/usr/bin/env bash
# All checks of the source, each with its name and time: lint.sh [CHECK…], lint.sh --list.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export ROOT
cd "$ROOT"
# shellcheck source=/dev/null
. tools/dev/say.sh
# shellcheck source=/dev/null
. tools/dev/build.sh
# shellcheck source=/dev/null
. tools/dev/packages.sh

BUILD=$ROOT/build/release
CHECKS=(format layering forbidden marks length generated scripts build purity cppcheck tidy)

check_format() {
	local files
	mapfile -t files < <(tools/lint/files.sh '*.c' '*.h')
	[ "${#files[@]}" = 0 ] || clang-format --dry-run -Werror --style=file "${files[@]}"
}

check_layering() {
	tools/lint/layering.py --self-test
	tools/lint/layering.py
}

check_forbidden() {
	tools/lint/text.py --self-test
	tools/lint/text.py forbidden
}
check_marks() { tools/lint/text.py marks; }
check_length() { tools/lint/text.py length; }
check_generated() { tools/lint/text.py generated; }

check_scripts() {
	local scripts name
	mapfile -t scripts < <(tools/lint/files.sh 'dev' '.ci/run' '*.sh')
	for name in "${scripts[@]}"; do
		bash -n "$name"
	done
	if command -v shellcheck >/dev/null; then
		shellcheck -x --severity=warning "${scripts[@]}"
	fi
}

# What follows looks at objects and at generated headers.
check_build() { build_preset release; }

check_purity() {
	tools/lint/purity.sh --self-test
	tools/lint/purity.sh "$BUILD"
}

check_cppcheck() { tools/lint/cached.py cppcheck "$BUILD"; }
check_tidy() { tools/lint/cached.py tidy "$BUILD"; }

run_check() {
	local name=$1 begun=$SECONDS output status=0
	# In a process of its own, so that set -e holds inside: it does not in a function whose status is asked for.
	output=$("$ROOT/tools/lint.sh" --only "$name" 2>&1) || status=$?
	# A good build has nothing to tell; a good check may have (a long file, a file in no target).
	[ -z "$output" ] || [ "$name.$status" = build.0 ] || printf '  %s\n' "${output//$'\n'/$'\n'  }"
	if [ "$status" = 0 ]; then
		printf 'lint %-10s fine (%s s)\n' "$name" "$((SECONDS - begun))"
	else
		printf 'lint %-10s FAILED (%s s)\n' "$name" "$((SECONDS - begun))"
	fi
	return "$status"
}

main() {
	case ${1:-} in
	--list)
		printf '%s\n' "${CHECKS[@]}"
		return 0
		;;
	--only)
		"check_$2"
		return
		;;
	esac
	local name bad=0
	local -a wanted=("${CHECKS[@]}")
	[ $# -eq 0 ] || wanted=("$@")
	for name in "${wanted[@]}"; do
		[ "$(type -t "check_$name")" = function ] || die "lint: no check '$name' (./dev lint --list)"
		run_check "$name" || bad=$((bad + 1))
	done
	[ "$bad" = 0 ] || die "lint: $bad check(s) failed"
}

main "$@"
