# Tests: builds, runs of ctest and the one closing line. Sourced by ./dev.
#
# A step (lint, a build) that fails counts as one failed test, so that the closing line never looks better than it is.
# shellcheck shell=bash

QUICK_TIERS='unit|property|golden|replay|fuzz|fault-light|integration|system'
ALL_TIERS="$QUICK_TIERS|fault|sim|web"

test_passed=0
test_failed=0
failed_names=()

count_failure() {
	test_failed=$((test_failed + 1))
	failed_names+=("$1")
}

# run_step NAME COMMAND…
run_step() {
	local name=$1 begun=$SECONDS
	shift
	step "$name"
	if "$@"; then
		say "-- $name: fine ($((SECONDS - begun)) s)"
		return 0
	fi
	say "-- $name: FAILED ($((SECONDS - begun)) s)"
	count_failure "$name"
	return 1
}

# GCC's ThreadSanitizer knows a fixed layout of memory, which a kernel with much randomisation does not give.
without_aslr() {
	if setarch -R true 2>/dev/null; then
		setarch -R "$@"
	else
		"$@"
	fi
}

# count_junit PRESET FILE: adds what ctest wrote to the totals.
count_junit() {
	local line name
	if ! line=$(python3 "$ROOT/tools/dev/junit.py" "$2"); then
		count_failure "$1: ctest left no result"
		return
	fi
	while read -r -a words; do
		case ${words[0]} in
		totals)
			test_passed=$((test_passed + words[1]))
			test_failed=$((test_failed + words[2]))
			say "-- $1: ${words[1]} passed, ${words[2]} failed, ${words[3]} skipped"
			;;
		failed)
			name=${words[*]:1}
			failed_names+=("$1: $name")
			;;
		esac
	done <<<"$line"
}

# run_ctest PRESET TIERS
run_ctest() {
	local preset=$1 tiers=$2 wrap=()
	local junit="$ROOT/build/$preset/ctest.xml"
	rm -f "$junit"
	[ "$preset" != tsan ] || wrap=(without_aslr)
	step "tests of $preset ($tiers)"
	UBSAN_OPTIONS="print_stacktrace=1${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}" \
		TSAN_OPTIONS="suppressions=$ROOT/tools/tsan.supp:halt_on_error=1${TSAN_OPTIONS:+:$TSAN_OPTIONS}" \
		"${wrap[@]}" ctest --test-dir "$ROOT/build/$preset" -j "${WEIBAO_TEST_JOBS:-2}" -L "^($tiers)\$" \
		--output-on-failure --output-junit "$junit" </dev/null || true
	count_junit "$preset" "$junit"
}

build_and_test() {
	local preset=$1 tiers=$2
	run_step "build of $preset" build_preset "$preset" || return 0
	run_ctest "$preset" "$tiers"
}

has_tests() { ctest --test-dir "$ROOT/build/release" -N -L "^($1)\$" 2>/dev/null | grep -q '^Total Tests: [1-9]'; }

test_containers() {
	if ! has_tests container; then
		say "-- no container tests in this checkout"
		return 0
	fi
	command -v docker >/dev/null || install_groups containers
	if ! docker info >/dev/null 2>&1; then
		count_failure "containers: no docker daemon answers"
		return 0
	fi
	run_ctest release container
}

print_totals() {
	if [ "${#failed_names[@]}" -gt 0 ]; then
		step "failed"
		printf '  %s\n' "${failed_names[@]}"
	fi
	printf '\n%d passed, %d failed\n' "$test_passed" "$test_failed"
	[ "$test_failed" = 0 ] && [ "$test_passed" -gt 0 ]
}

cmd_test() {
	local all=no tiers=$QUICK_TIERS
	while [ $# -gt 0 ]; do
		case $1 in
		--all) all=yes ;;
		*) die "test: unknown option $1 (see ./dev --help)" ;;
		esac
		shift
	done
	install_groups build run test
	run_step lint "$ROOT/tools/lint.sh" || true
	[ "$all" = no ] || tiers=$ALL_TIERS
	build_and_test release "$tiers"
	if [ "$all" = yes ]; then
		build_and_test asan "$ALL_TIERS"
		build_and_test tsan "$QUICK_TIERS"
		run_step "build of clang" build_preset clang || true
		test_containers
	fi
	print_totals
}

cmd_lint() {
	install_groups build run test
	"$ROOT/tools/lint.sh" "$@"
}
