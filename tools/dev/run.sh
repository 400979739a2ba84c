# Starts and stops the processes of one machine. Sourced by ./dev.
#
# A data folder: kind (demo or real, decided when it is made), run/ (pid file), log/ (a file a process), sign-in.txt
# (how to sign in to a demo), and a folder a service (identity's holds the one-time code of a real first start).
# shellcheck shell=bash

UP_WAIT_S=120
DOWN_WAIT_S=30

DATA=${WEIBAO_DATA:-$ROOT/data}
LISTEN=${WEIBAO_LISTEN:-127.0.0.1:8080}
BIN=$ROOT/build/release/bin
pid_file() { printf '%s/run/up.pid\n' "$DATA"; }

# demo, real, new (nothing there) or unknown (a folder that we did not make).
data_kind() {
	local kind=
	if [ -f "$1/kind" ]; then
		read -r kind <"$1/kind" || true
		case $kind in demo | real) echo "$kind" ;; *) echo unknown ;; esac
	elif [ ! -e "$1" ] || { [ -d "$1" ] && [ -z "$(ls -A "$1")" ]; }; then
		echo new
	else
		echo unknown
	fi
}

# The supervisor's pid if it runs. A pid file may be older than the last boot, so the process must be ours by name.
up_pid() {
	local pid
	read -r pid 2>/dev/null <"$(pid_file)" || return 1
	[ "$(ps -o comm= -p "$pid" 2>/dev/null)" = weibao-up ] || return 1
	printf '%s\n' "$pid"
}

is_ready() { curl -fsS -o /dev/null --noproxy '*' --max-time 2 "http://$LISTEN/readyz" 2>/dev/null; }

# make_demo DIR: the folder appears whole or not at all.
make_demo() {
	local dir=$1 fresh="$1.making"
	rm -rf -- "$fresh"
	mkdir -p "$fresh"
	echo demo >"$fresh/kind"
	"$BIN/weibao-demo" --data "$fresh" || {
		rm -rf -- "$fresh"
		die "weibao-demo failed; $dir is as it was"
	}
	if [ -e "$dir" ]; then
		rm -rf -- "$dir"
	fi
	mv -T -- "$fresh" "$dir"
}

start_supervisor() {
	mkdir -p "$DATA/run" "$DATA/log"
	# A session of its own: closing the terminal must not stop the cell.
	setsid "$BIN/weibao-up" --data "$DATA" --listen "$LISTEN" "$@" </dev/null >>"$DATA/log/up.log" 2>&1 &
	echo $! >"$(pid_file)"
}

# Ends with 0 when ready; 1 if the supervisor ended or the time was up.
wait_ready() {
	local deadline=$((SECONDS + UP_WAIT_S)) pid
	read -r pid <"$(pid_file)"
	# By number, not by name: it may not have become weibao-up yet.
	while ! is_ready; do
		kill -0 "$pid" 2>/dev/null || return 1
		[ "$SECONDS" -lt "$deadline" ] || return 1
		sleep 0.2
	done
}

print_address() {
	say "weibao is ready at http://$LISTEN/   ($(data_kind "$DATA") data in $DATA)"
	if [ -f "$DATA/sign-in.txt" ]; then
		sed 's/^/  /' "$DATA/sign-in.txt"
	fi
	if [ -f "$DATA/identity/private/first-run-code" ]; then
		say "  The first administrator is made with the one-time code $(cat "$DATA/identity/private/first-run-code")"
		say "  (README.md, «The first start»)."
	fi
	say "Stop it with ./dev down, see its logs with ./dev logs."
}

prepare_data() {
	local kind=$1 empty=$2
	case "$kind.$empty" in
	unknown.*) die "$DATA has things in it but no marker file 'kind': not a data folder of weibao's; choose another with WEIBAO_DATA" ;;
	demo.yes) die "$DATA is a demo folder and stays one; choose another folder with WEIBAO_DATA for --empty" ;;
	new.no)
		need_binary "$BIN/weibao-demo" "the demo data (weibao-demo)"
		step "making demo data in $DATA"
		make_demo "$DATA"
		;;
	new.yes)
		mkdir -p "$DATA"
		chmod 0700 "$DATA"
		echo real >"$DATA/kind"
		;;
	esac
}

cmd_up() {
	local empty=no
	while [ $# -gt 0 ]; do
		case $1 in
		--empty) empty=yes ;;
		*) die "up: unknown option $1 (see ./dev --help)" ;;
		esac
		shift
	done
	cmd_build release
	if up_pid >/dev/null; then
		say "It runs already."
		print_address
		return 0
	fi
	need_binary "$BIN/weibao-up" "the supervisor (weibao-up)"
	prepare_data "$(data_kind "$DATA")" "$empty"
	local flags=()
	[ "$empty" = no ] || flags=(--empty)
	step "starting"
	start_supervisor "${flags[@]}"
	if ! wait_ready; then
		tail -n 30 "$DATA/log/up.log" >&2 || true
		if up_pid >/dev/null; then
			die "not ready after $UP_WAIT_S s; it goes on trying (./dev status, ./dev logs, ./dev down)"
		fi
		rm -f "$(pid_file)"
		die "weibao-up ended; its last lines are above, all of them in $DATA/log"
	fi
	print_address
}

cmd_down() {
	local pid
	if ! pid=$(up_pid); then
		rm -f "$(pid_file)"
		say "Nothing runs on $DATA."
		return 0
	fi
	kill -TERM "$pid"
	local deadline=$((SECONDS + DOWN_WAIT_S))
	while up_pid >/dev/null; do
		[ "$SECONDS" -lt "$deadline" ] || {
			warn "still there after $DOWN_WAIT_S s: killing it (the log is durable; projections may be rebuilt)"
			kill -KILL "$pid" 2>/dev/null || true
			break
		}
		sleep 0.1
	done
	rm -f "$(pid_file)"
	say "Stopped."
}

cmd_demo() {
	cmd_build release
	need_binary "$BIN/weibao-demo" "the demo data (weibao-demo)"
	case $(data_kind "$DATA") in
	real) die "$DATA holds real data: a demo is never made over it; choose another folder with WEIBAO_DATA" ;;
	unknown) die "$DATA has things in it but no marker file 'kind': not a demo folder, left alone" ;;
	esac
	! up_pid >/dev/null || die "weibao runs on $DATA: ./dev down first"
	step "making demo data in $DATA"
	make_demo "$DATA"
	say "Done. Start it with ./dev up."
}

cmd_status() {
	local pid
	if ! pid=$(up_pid); then
		say "Nothing runs on $DATA ($(data_kind "$DATA"))."
		return 1
	fi
	ps -o pid,etime,rss,pcpu,args -p "$pid" --ppid "$pid"
	if is_ready; then
		say "Ready at http://$LISTEN/"
	else
		say "Not ready yet (http://$LISTEN/readyz)"
		return 1
	fi
}

# logs [-f] [PROCESS…]
cmd_logs() {
	local options=(-n 200) files=() name
	for name in "$@"; do
		case $name in
		-f) options+=(-F) ;;
		*/* | -*) die "logs: $name is not the name of a process" ;;
		*) files+=("$DATA/log/$name.log") ;;
		esac
	done
	[ "${#files[@]}" -gt 0 ] || files=("$DATA"/log/*.log)
	[ -e "${files[0]}" ] || die "no log ${files[0]}"
	tail "${options[@]}" "${files[@]}"
}
