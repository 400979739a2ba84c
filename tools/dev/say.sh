# What every part of ./dev uses to speak. Sourced, never run.
# shellcheck shell=bash

say() { printf '%s\n' "$*"; }
step() { printf '\n== %s\n' "$*"; }
warn() { printf 'dev: %s\n' "$*" >&2; }
die() {
	warn "$@"
	exit 1
}

# need_binary PATH WHAT: PATH must be there, else say what it would have been.
need_binary() {
	[ -x "$1" ] || die "$2 is not there: ${1#"$ROOT"/} was not built (this checkout has no source of it)"
}
