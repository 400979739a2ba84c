#!/usr/bin/env bash
# Purity by symbol table: what decide, evolve and the calendar name outside themselves must stand in purity.allow, so
# that a stray time(), getenv() or malloc() fails here and not in a replay years later.
#
# purity.sh BUILD_DIR checks a build without sanitizers; purity.sh --self-test proves that a planted time() is found.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# decide: decide.c, decide_visit.c, decide/visit.c; evolve alike; the calendar but for what reads zone and ICS files.
room_of() {
	case $1 in
	*/services/*/decide*.c.o) echo decide ;;
	*/services/*/evolve*.c.o) echo evolve ;;
	*/libs/calendar/*/zone*.c.o | */libs/calendar/*/ics*.c.o) ;;
	*/libs/calendar/*.c.o) echo calendar ;;
	esac
}

# check BUILD_DIR: prints each violation; 1 if there is one. What a pure object calls in another object of its own folder
# (tables.c, a common part of two decide files) is looked into as well, as far as it is called: purity.py.
check() {
	local object room
	while read -r object; do
		room=$(room_of "$object")
		printf '%s %s\n' "${room:--}" "$object"
	done < <(find "$1" -name '*.c.o' | LC_ALL=C sort) | python3 "$here/purity.py" "$here/purity.allow" "$1"
}

# plant DIR OBJECT SOURCE: compiles the source where a build would put the object.
plant() {
	mkdir -p "$1/$(dirname "$2")"
	printf '%s\n' "$3" | "${CC:-cc}" -x c -c -o "$1/$2" -
}

self_test() {
	local dir found
	dir=$(mktemp -d)
	# shellcheck disable=SC2064 # the folder of now
	trap "rm -rf '$dir'" EXIT
	plant "$dir" services/x/CMakeFiles/x.dir/evolve.c.o '#include <string.h>
		int helper(void);
		int f(const char *s); int f(const char *s) { return (int)strlen(s) + helper(); }'
	plant "$dir" services/x/CMakeFiles/x.dir/evolve_more.c.o 'int helper(void); int helper(void) { return 1; }'
	plant "$dir" libs/calendar/CMakeFiles/c.dir/zone.c.o '#include <time.h>
		long g(void); long g(void) { return (long)time(0); }'
	check "$dir" >/dev/null || {
		echo "purity: the self-test's clean objects were refused"
		return 1
	}
	plant "$dir" services/x/CMakeFiles/x.dir/decide/visit.c.o '#include <time.h>
		_Bool wb_put_at(void); long wb_clock_system(void);
		long h(void); long h(void) { return (long)time(0) + wb_put_at() + wb_clock_system(); }'
	found=$(check "$dir") && {
		echo "purity: the self-test's planted time() was not found"
		return 1
	}
	for symbol in time wb_put_at wb_clock_system; do
		grep -q "decide/visit.c.o: decide may not name $symbol" <<<"$found" || {
			echo "purity: the self-test's planted $symbol was not found in: $found"
			return 1
		}
	done
}

case ${1:?usage: purity.sh BUILD_DIR or --self-test} in
--self-test) self_test ;;
*) check "$1" ;;
esac
