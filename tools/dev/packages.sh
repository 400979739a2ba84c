# Installs what is missing on Debian. Sourced by ./dev.
# shellcheck shell=bash

APT_LISTS_MAX_AGE_MIN=1440

# The packages of the groups named, from tools/packages.txt.
packages_of() {
	local group
	for group in "$@"; do
		awk -v g="$group" '$1 == g { print $2 }' "$ROOT/tools/packages.txt"
	done
}

# Those of the packages on stdin that dpkg does not know as installed.
packages_missing() {
	local name
	while read -r name; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || printf '%s\n' "$name"
	done
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		env DEBIAN_FRONTEND=noninteractive "$@"
	elif command -v sudo >/dev/null; then
		# sudo drops the environment: a proxy of the user's must still be seen.
		sudo env DEBIAN_FRONTEND=noninteractive ${http_proxy:+http_proxy="$http_proxy"} \
			${https_proxy:+https_proxy="$https_proxy"} "$@"
	else
		die "this needs root or sudo: $*"
	fi
}

# A mirror named by the environment replaces the machine's own sources, for our calls only.
apt_options=()
apt_use_mirror() {
	local mirror=${WEIBAO_APT_MIRROR:-} list="$ROOT/build/apt/sources.list"
	[ -n "$mirror" ] || return 0
	local security=${WEIBAO_APT_SECURITY_MIRROR:-${mirror%/}-security}
	mkdir -p "$ROOT/build/apt"
	printf 'deb %s bookworm main\ndeb %s bookworm-updates main\ndeb %s bookworm-security main\n' \
		"${mirror%/}" "${mirror%/}" "${security%/}" >"$list"
	apt_options=(-o "Dir::Etc::SourceList=$list" -o Dir::Etc::SourceParts=- -o APT::Get::List-Cleanup=0)
}

apt_lists_are_fresh() {
	[ -z "${WEIBAO_APT_MIRROR:-}" ] || return 1
	[ -n "$(find /var/lib/apt/lists -name '*_Packages*' -mmin "-$APT_LISTS_MAX_AGE_MIN" -print -quit 2>/dev/null)" ]
}

apt_install() {
	as_root apt-get "${apt_options[@]}" install -y --no-install-recommends "$@"
}

# install_groups GROUP…: afterwards every package of the groups is there, or we have stopped.
install_groups() {
	if ! command -v dpkg-query >/dev/null; then
		warn "not a Debian system: the packages of tools/packages.txt ($*) must be there already"
		return 0
	fi
	local missing
	mapfile -t missing < <(packages_of "$@" | packages_missing)
	[ "${#missing[@]}" -gt 0 ] || return 0
	step "installing ${missing[*]}"
	apt_use_mirror
	apt_lists_are_fresh || as_root apt-get "${apt_options[@]}" update || warn "apt-get update complained; trying on"
	apt_install "${missing[@]}" && return 0
	# Lists can be younger than a day and still older than the mirror's last change.
	as_root apt-get "${apt_options[@]}" update || true
	apt_install "${missing[@]}" || die "could not install: ${missing[*]}"
}

# npm reads its registry from the environment.
npm_use_mirror() {
	[ -z "${WEIBAO_NPM_REGISTRY:-}" ] || export npm_config_registry="$WEIBAO_NPM_REGISTRY"
}
