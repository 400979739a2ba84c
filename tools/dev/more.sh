# bench, fuzz, sim, fmt. Sourced by ./dev.
# shellcheck shell=bash

FUZZ_MINUTES=5
SIM_SEEDS=100

cmd_bench() {
	cmd_build release
	need_binary "$ROOT/build/release/bin/weibao-bench" "the benchmark (weibao-bench)"
	"$ROOT/build/release/bin/weibao-bench" "$@"
}

is_count() { [[ $1 =~ ^[1-9][0-9]*$ ]]; }

# Every target in turn, the minutes shared among them; new inputs stay in build/fuzz/corpus for the next run.
cmd_fuzz() {
	local minutes=${1:-$FUZZ_MINUTES} targets target name found=0
	is_count "$minutes" || die "fuzz: minutes must be a number, not '$minutes'"
	install_groups build run test
	step "building the fuzz targets"
	build_preset fuzz fuzzers || die "the build of fuzz failed"
	shopt -s nullglob
	targets=("$ROOT"/build/fuzz/fuzz/*)
	[ "${#targets[@]}" -gt 0 ] || die "this checkout has no fuzz targets (tests/fuzz/*.cmake with wb_fuzz)"
	local each_s=$((minutes * 60 / ${#targets[@]}))
	[ "$each_s" -ge 5 ] || each_s=5
	for target in "${targets[@]}"; do
		name=$(basename "$target")
		step "$name, $each_s s"
		mkdir -p "$ROOT/build/fuzz/corpus/$name" "$ROOT/build/fuzz/found"
		local corpora=("$ROOT/build/fuzz/corpus/$name")
		[ ! -d "$ROOT/tests/fuzz/corpus/$name" ] || corpora+=("$ROOT/tests/fuzz/corpus/$name")
		(cd "$ROOT" && "$target" -max_total_time="$each_s" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
			-artifact_prefix="$ROOT/build/fuzz/found/$name-" "${corpora[@]}") || {
			warn "$name found something: see build/fuzz/found"
			found=$((found + 1))
		}
	done
	[ "$found" = 0 ] || die "$found fuzz target(s) failed"
	say "No target found anything."
}

cmd_sim() {
	local seeds=${1:-$SIM_SEEDS}
	is_count "$seeds" || die "sim: seeds must be a number, not '$seeds'"
	shift || true
	cmd_build release
	need_binary "$ROOT/build/release/tests/sim" "the simulation (sim)"
	"$ROOT/build/release/tests/sim" --seeds "$seeds" "$@"
}

cmd_fmt() {
	install_groups test
	local files
	mapfile -t files < <("$ROOT/tools/lint/files.sh" '*.c' '*.h')
	[ "${#files[@]}" -gt 0 ] || return 0
	(cd "$ROOT" && clang-format -i --style=file "${files[@]}")
	say "${#files[@]} files formatted."
}
