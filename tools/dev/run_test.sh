#!/usr/bin/env bash
# Tests run.sh and test.sh of ./dev against programs that only pretend: what up, down and demo do with folders of every
# kind, and what the closing line counts. Prints each check that fails; the status says how it went.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
export WEIBAO_DATA=$work/data
# A port of the loopback network that nobody has now.
WEIBAO_LISTEN=127.0.0.1:$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export WEIBAO_LISTEN
# shellcheck source=/dev/null
. "$ROOT/tools/dev/say.sh"
# shellcheck source=/dev/null
. "$ROOT/tools/dev/run.sh"
# shellcheck source=/dev/null
. "$ROOT/tools/dev/test.sh"
# shellcheck disable=SC2034 # run.sh reads it
BIN=$work/bin
cmd_build() { :; }

failures=0
out=
# run COMMAND…: output and status of one command of ./dev, in a process of its own (die ends it).
run() {
	status=0
	(set -e; "$@") >"$work/out" 2>&1 || status=$?
	out=$(cat "$work/out")
}
# expect STATUS TEXT WHAT: of the last run.
expect() {
	[ "$status" = "$1" ] && [[ $out == *"$2"* ]] && return 0
	printf 'FAILED: %s: status %s (wanted %s), output:\n%s\n' "$3" "$status" "$1" "$out"
	failures=$((failures + 1))
}
expect_true() {
	local what=$1
	shift
	"$@" && return 0
	printf 'FAILED: %s\n' "$what"
	failures=$((failures + 1))
}

fake_programs() {
	mkdir -p "$BIN"
	cat >"$BIN/weibao-up" <<'PY'
#!/usr/bin/env python3
import http.server, signal, sys
with open("/proc/self/comm", "w") as comm:
    comm.write("weibao-up")
print("arguments", *sys.argv[1:], flush=True)
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()
    def log_message(self, *args):
        pass
signal.signal(signal.SIGTERM, lambda *args: sys.exit(0))
host, port = sys.argv[sys.argv.index("--listen") + 1].split(":")
http.server.HTTPServer((host, int(port)), Ready).serve_forever()
PY
	cat >"$BIN/weibao-demo" <<'SH'
#!/bin/sh
[ ! -e "$(dirname "$0")/demo-fails" ] || exit 1
echo "manager / password" >"$2/sign-in.txt"
SH
	chmod +x "$BIN"/weibao-*
}

leave() {
	cmd_down >/dev/null 2>&1 || true
	rm -rf "$work"
}
trap leave EXIT

run cmd_up
expect 1 "weibao-up" "up says that the supervisor is missing"
expect_true "nothing was made for it" [ ! -e "$DATA" ]
fake_programs

run cmd_status
expect 1 "Nothing runs" "status of nothing"
run cmd_down
expect 0 "Nothing runs" "down of nothing"
run cmd_up
expect 0 "http://$LISTEN/" "the first start prints the address"
expect 0 "manager / password" "the first start prints how to sign in"
expect_true "the first start made a demo folder" [ "$(data_kind "$DATA")" = demo ]
run cmd_up
expect 0 "runs already" "a second start"
run cmd_status
expect 0 "Ready" "status of a running cell"
run cmd_demo
expect 1 "down first" "no demo under a running cell"
run cmd_logs up
expect 0 "arguments --data $DATA --listen $LISTEN" "the log has the supervisor's output"
run cmd_logs ../kind
expect 1 "not the name" "logs stays in its folder"
run cmd_down
expect 0 "Stopped" "down"
expect_true "down ends the process" [ -z "$(up_pid || true)" ]

echo old >"$DATA/trace"
touch "$BIN/demo-fails"
run cmd_demo
expect 1 "failed" "a demo that fails"
expect_true "a demo that fails leaves the old one" [ -e "$DATA/trace" ]
rm "$BIN/demo-fails"
run cmd_demo
expect 0 "Done" "a demo anew"
expect_true "a demo anew has nothing of the old one" [ ! -e "$DATA/trace" ]
run cmd_up --empty
expect 1 "stays one" "a demo folder does not become real"
run cmd_up --nonsense
expect 1 "unknown option" "an unknown option"

DATA=$work/real
run cmd_up --empty
expect 0 "(real data" "an empty start"
expect_true "the supervisor was told" grep -q -- --empty "$DATA/log/up.log"
run cmd_down
echo keep >"$DATA/trace"
run cmd_demo
expect 1 "real data" "a demo never goes over real data"
expect_true "real data is untouched" [ "$(cat "$DATA/trace")" = keep ]
# The number of a process of somebody else's, as after a new boot.
echo $$ >"$DATA/run/up.pid"
run cmd_down
expect 0 "Nothing runs" "down does not touch another's process"

DATA=$work/other
mkdir "$DATA"
touch "$DATA/photo"
run cmd_demo
expect 1 "left alone" "a folder of somebody else's, by demo"
run cmd_up
expect 1 "not a data folder" "a folder of somebody else's, by up"
expect_true "it is as it was" [ "$(ls -A "$DATA")" = photo ]

# The closing line: results of ctest, a failed step, and a run that left nothing.
cat >"$work/junit.xml" <<'XML'
<testsuite><testcase name="a" status="run"/><testcase name="b" status="fail"/>
<testcase name="c" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/></testcase>
<testcase name="d" status="notrun"><skipped message="Unable to find executable: d"/></testcase></testsuite>
XML
tally() {
	count_junit x "$work/junit.xml"
	count_junit x "$work/none.xml" 2>/dev/null
	run_step good true
	run_step bad false || true
	print_totals
}
run tally
expect 1 "x: b" "the failed test is named"
expect_true "the last line counts" [ "$(tail -n 1 "$work/out")" = "1 passed, 4 failed" ]
run print_totals
expect 1 "0 passed, 0 failed" "no test at all is no success"

[ "$failures" = 0 ] && echo "all checks passed"
