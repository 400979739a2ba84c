# Configures and builds a preset. Sourced by ./dev.
# shellcheck shell=bash

# How many compilers at once: one a processor, less where memory is short (a sanitizer build takes about 600 MB each).
build_jobs() {
	local cpus memory_mb
	cpus=$(nproc 2>/dev/null || echo 2)
	memory_mb=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo 2>/dev/null || echo 2000)
	local fit=$((memory_mb / 600))
	[ "$fit" -ge 1 ] || fit=1
	[ "$fit" -lt "$cpus" ] && echo "$fit" || echo "$cpus"
}

# build_preset PRESET [TARGET…]: build/PRESET is up to date afterwards; else a status that is not 0.
build_preset() {
	local preset=$1
	shift
	npm_use_mirror
	if [ ! -f "$ROOT/build/$preset/build.ninja" ]; then
		(cd "$ROOT" && cmake --preset "$preset" -Wno-dev --log-level=NOTICE) || return 1
	fi
	ninja -C "$ROOT/build/$preset" -j "${WEIBAO_JOBS:-$(build_jobs)}" "$@"
}

cmd_build() {
	local preset=${1:-release}
	install_groups build run
	case $preset in clang | fuzz) install_groups test ;; esac
	step "building $preset"
	build_preset "$preset" || die "the build of $preset failed"
}
