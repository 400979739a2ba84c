#!/usr/bin/env python3
"""weibao-bench: the figures of the main job, ours and the bare programs side by side in one run.

    weibao-bench [--quick] [--only NAME,…] [--json FILE]

Everything runs on this machine, on sockets and folders of its own, one after the other: for each figure the bare program
and ours take turns, and the median of the turns counts. The ratio is what travels to other machines; absolute figures do
not. --json writes a list of {name, value, unit, ratio, goal, met, spread, command, versions}.

  command      a fault reported by HTTP, durable and answered: 64 connections, and one      (goals 1 and 2)
  append       the journal alone over ZeroMQ, 256 in flight, and one                        (goal 3)
  rebuild      reporting's projection folded from zero                                      (goal 6)
  clocks       clocks that are due, judged                                                  (goal 8)
"""

import argparse
import http.client
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid

BIN = os.path.dirname(os.path.realpath(__file__))
PASSWORD = "weibao bench password"


def tool(name):
    return os.path.join(BIN, "weibao-" + name)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def run_json(*command):
    r = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if r.returncode or not r.stdout.strip():
        raise SystemExit("%s failed:\n%s%s" % (" ".join(command), r.stdout, r.stderr))
    return json.loads(r.stdout.strip().splitlines()[-1])


class Process:
    def __init__(self, command, log):
        self.p = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def stop(self, patience=40):
        if self.p.poll() is None:
            self.p.send_signal(signal.SIGTERM)
            self.p.wait(patience)


class Bench:
    def __init__(self, options):
        self.quick = options.quick
        self.turns = 1 if options.quick else 5
        self.seconds = 1 if options.quick else 4
        self.dir = tempfile.mkdtemp(prefix="weibao-bench-")
        self.log = open(os.path.join(self.dir, "log"), "ab")
        self.out = []

    def done(self):
        self.log.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def say(self, name, values, unit, ratio=None, goal=None, met=None, command=""):
        value = statistics.median(values)
        spread = (max(values) - min(values)) / value if value and len(values) > 1 else 0.0
        self.out.append({"name": name, "value": round(value, 3), "unit": unit,
                         "ratio": None if ratio is None else round(ratio, 3), "goal": goal, "met": met,
                         "spread": round(spread, 3), "command": command, "versions": versions()})
        print("%-44s %14s %-8s %-10s %-34s %s" % (
            name, "%.0f" % value if value >= 100 else "%.2f" % value, unit,
            "" if ratio is None else "× %.2f" % ratio, goal or "",
            "" if met is None else "met" if met else "not met"), flush=True)

    # ---- a durable business command by HTTP (goals 1 and 2) ----

    def command(self):
        cell = Cell(self)
        try:
            request = cell.report_request()
            for connections, goal_name in ((64, "1"), (1, "2")):
                bare, ours = [], []
                for turn in range(self.turns):
                    bare.append(self.bare_command(connections, turn))
                    ours.append(run_json(tool("bench-load"), str(cell.port), str(connections), str(self.seconds), request))
                b, o = [statistics.median(x["per_second"] for x in r) for r in (bare, ours)]
                b50, o50 = [statistics.median(x["p50_us"] for x in r) for r in (bare, ours)]
                b99, o99 = [statistics.median(x["p99_us"] for x in r) for r in (bare, ours)]
                how = "weibao-bench --only command"
                self.say("bare command, %d connections" % connections, [x["per_second"] for x in bare], "1/s", command=how)
                if connections == 64:
                    self.say("report a fault, 64 connections", [x["per_second"] for x in ours], "1/s", o / b,
                             "goal 1: at least 0.25 of the bare", o / b >= 0.25, how)
                    self.say("… its p99", [x["p99_us"] / 1000 for x in ours], "ms", o99 / b99,
                             "goal 1: at most 5 × the bare", o99 <= 5 * b99, how)
                else:
                    self.say("report a fault, 1 connection, p50", [x["p50_us"] / 1000 for x in ours], "ms", o50 / b50,
                             "goal 2: at most 3 × the bare", o50 <= 3 * b50, how)
            if not self.quick:
                self.rebuild_of(cell)
        finally:
            cell.stop()

    def bare_command(self, connections, turn):
        port, folder = free_port(), os.path.join(self.dir, "bare-%d-%d" % (connections, turn))
        p = Process([tool("bench-bare"), folder, str(port)], self.log)
        request = os.path.join(self.dir, "bare-request")
        body = '{"key": "{key}", "filler": "%s"}' % ("x" * 250)
        with open(request, "w") as f:
            f.write("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
                len(body) - 5 + 36, body))
        try:
            wait_port(port)
            return run_json(tool("bench-load"), str(port), str(connections), str(self.seconds), request)
        finally:
            p.stop()
            shutil.rmtree(folder, ignore_errors=True)

    # ---- the journal alone (goal 3) ----

    def append(self):
        for window, group in ((256, 256), (1, 1)):
            bare, ours = [], []
            for turn in range(self.turns):
                folder = os.path.join(self.dir, "lmdb-%d-%d" % (window, turn))
                bare.append(run_json(tool("bench-journal"), "bare", folder, str(self.seconds), str(group)))
                shutil.rmtree(folder, ignore_errors=True)
                ours.append(self.journal_append(window, turn))
            b, o = [statistics.median(x["per_second"] for x in r) for r in (bare, ours)]
            how = "weibao-bench --only append"
            self.say("bare LMDB, groups of %d" % group, [x["per_second"] for x in bare], "1/s", command=how)
            if window > 1:
                self.say("journal append, 256 in flight", [x["per_second"] for x in ours], "1/s", o / b,
                         "goal 3: at least 0.2 of bare LMDB", o / b >= 0.2, how)
            else:
                b50, o50 = [statistics.median(x["p50_us"] for x in r) for r in (bare, ours)]
                self.say("journal append, 1 in flight, p50", [x["p50_us"] / 1000 for x in ours], "ms", o50 / b50,
                         "goal 3: at most 1.5 × bare + one trip", o50 <= 1.5 * b50 + 150, how)

    def journal_append(self, window, turn):
        data = os.path.join(self.dir, "journal-%d-%d" % (window, turn))
        bus = "ipc://%s/" % tempfile.mkdtemp(dir=self.dir)
        os.mkdir(data)
        p = Process([tool("journal"), "--data", data, "--bus", bus, "--health", "unix:%s/h" % bus[6:]], self.log)
        try:
            wait_file(bus[6:] + "journal-append")
            return run_json(tool("bench-journal"), "append", bus, str(self.seconds), str(window), "300")
        finally:
            p.stop()
            shutil.rmtree(data, ignore_errors=True)

    # ---- a projection from zero (goal 6) ----

    def rebuild_of(self, cell):
        rates = []
        for _ in range(3):
            events, took = cell.rebuild("reporting")
            rates.append(events / took)
        self.say("reporting folded from zero", rates, "events/s", statistics.median(rates) / 50000,
                 "goal 6: 50,000 events/s", statistics.median(rates) >= 50000, "weibao-bench --only command")

    # ---- clocks (goal 8) ----

    def clocks(self):
        tickets = 2000 if self.quick else 20000
        cell = Cell(self, tenants=1)
        try:
            rate, fired = cell.fire_clocks(tickets)
            self.say("clocks that are due, judged (%d)" % fired, [rate], "1/s", rate / 40000, "goal 8: 40,000/s",
                     rate >= 40000, "weibao-bench --only clocks")
        finally:
            cell.stop()


def versions():
    def first(command):
        try:
            return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.split("\n")[0]
        except OSError:
            return ""
    return {"kernel": os.uname().release, "cpus": os.cpu_count(),
            "commit": first(["git", "-C", BIN, "rev-parse", "--short", "HEAD"])}


def wait_for(condition, what, patience=60):
    until = time.monotonic() + patience
    while not condition():
        if time.monotonic() > until:
            raise SystemExit("weibao-bench: %s did not happen in %d s" % (what, patience))
        time.sleep(0.01)


def wait_port(port):
    def there():
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", port)) == 0
    wait_for(there, "a listener on %d" % port)


def wait_file(path):
    wait_for(lambda: os.path.exists(path), path)


class Cell:
    """A real cell under weibao-up, with one client unit ready to report a fault."""

    def __init__(self, bench, tenants=1):
        self.bench = bench
        self.data = tempfile.mkdtemp(dir=bench.dir)
        self.port = free_port()
        with open(os.path.join(self.data, "kind"), "w") as f:
            f.write("real\n")
        self.up = None
        self.start()
        self.headers = {}
        self.prepare()

    def start(self):
        self.up = Process([tool("up"), "--data", self.data, "--listen", "127.0.0.1:%d" % self.port], self.bench.log)
        wait_for(self.ready, "the cell's start", 120)

    def stop(self):
        self.up.stop()

    def ready(self):
        try:
            return self.call("GET", "//readyz", raw=True)[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def call(self, method, path, body=None, headers=None, raw=False):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        h = dict(headers if headers is not None else getattr(self, "headers", {}))
        h["Idempotency-Key"] = str(uuid.uuid4())
        if body is not None:
            h["Content-Type"] = "application/json"
        c.request(method, path[1:] if path.startswith("//") else "/api/v1" + path,
                  None if body is None else json.dumps(body), h)
        r = c.getresponse()
        text, head = r.read(), r.headers
        c.close()
        if raw:
            return r.status, text
        if r.status == 503:
            time.sleep(0.05)
            return self.call(method, path, body, headers)
        if r.status >= 300:
            raise SystemExit("weibao-bench: %s %s: %d %s" % (method, path, r.status, text[:400]))
        return json.loads(text), head

    def sign_in(self, login):
        answer, head = self.call("POST", "/sign-in", {"login": login, "password": PASSWORD}, {})
        return {"Cookie": head["Set-Cookie"].split(";")[0], "X-CSRF-Token": answer["csrf"]}

    def data_of(self, answer, field):
        for e in answer[0]["events"]:
            if field in e["data"]:
                return e["data"][field]
        raise SystemExit("weibao-bench: no %s in %s" % (field, answer[0]))

    def prepare(self):
        with open(os.path.join(self.data, "identity/private/first-run-code")) as f:
            code = f.read().strip()
        self.call("POST", "/first-run", {"code": code, "login": "admin", "displayName": "admin", "password": PASSWORD}, {})
        admin = self.headers = self.sign_in("admin")
        self.call("POST", "/tenants/acme", {"code": "ACME", "name": "Acme", "zone": "Asia/Shanghai", "language": "ZH"})
        made, _ = self.call("POST", "/tenants/provider/accounts",
                            {"login": "lead", "displayName": "lead", "roles": ["HOTLINE", "PRINCIPAL"]})
        self.call("POST", "/tenants/provider/accounts/%s/roles" % made["accountId"],
                  {"inTenant": "acme", "roles": ["HOTLINE", "PRINCIPAL"]})
        self.call("POST", "/set-password", {"login": "lead", "code": made["code"], "password": PASSWORD}, {})
        self.headers = self.sign_in("lead")
        self.office = self.data_of(self.call("POST", "/tenants/acme/offices", {"name": "office"}), "officeId")
        self.contact = self.data_of(self.call("POST", "/tenants/acme/contacts", {
            "officeId": self.office, "name": "somebody", "telephones": [{"number": "87650000"}]}), "contactId")
        self.call("POST", "/tenants/acme/contract", {
            "number": "1", "validFrom": "2020-01-01", "validUntil": "2099-12-31", "coversAllOffices": True})
        del admin

    def report_body(self):
        return {"officeId": self.office, "callerId": self.contact, "category": "OS", "symptom": "开机后蓝屏，反复重启",
                "despiteDuplicates": True, "model": "M430", "serial": "{n}"}

    def report_request(self):
        body = json.dumps(self.report_body(), ensure_ascii=False)
        length = len(body.encode().replace(b"{n}", b"00000000"))
        head = "POST /api/v1/tenants/acme/tickets HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        for k, v in self.headers.items():
            head += "%s: %s\r\n" % (k, v)
        head += "Idempotency-Key: {key}\r\nContent-Length: %d\r\n\r\n" % length
        path = os.path.join(self.bench.dir, "request")
        with open(path, "wb") as f:
            f.write(head.encode() + body.encode())
        return path

    def probe(self, name):
        return subprocess.run([tool(name), "--probe", "unix:%s/run/bus/%s.health" % (self.data, name)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

    def metric(self, service, name):
        c = http.client.HTTPConnection("localhost")
        c.sock = socket.socket(socket.AF_UNIX)
        c.sock.connect("%s/run/bus/%s.health" % (self.data, service))
        c.request("GET", "/metrics")
        text = c.getresponse().read().decode()
        c.close()
        for line in text.splitlines():
            if line.startswith("weibao_%s{" % name) or line.startswith("weibao_%s " % name):
                return float(line.rsplit(" ", 1)[1])
        raise SystemExit("weibao-bench: no metric %s of %s" % (name, service))

    def rebuild(self, service):
        """Starts the service without its projection beside the running journal; until it has caught up."""
        self.up.stop()
        events = None
        shutil.rmtree(os.path.join(self.data, service, "projection"))
        self.start_only = time.monotonic()
        self.up = Process([tool("up"), "--data", self.data, "--listen", "127.0.0.1:%d" % self.port], self.bench.log)
        wait_for(lambda: self.probe(service), "%s caught up" % service, 600)
        took = time.monotonic() - self.start_only
        events = self.metric(service, "position")
        wait_for(self.ready, "the cell's start", 120)
        return events, took

    def fire_clocks(self, tickets):
        """Faults reported a day ago: response and resolution are due at once. Counted by sla-timer's own commands."""
        before = self.metric("sla-timer", "commands_ok")
        body = dict(self.report_body(), reportedAt=time.strftime(
            "%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 23 * 3600)))
        pid = subprocess.run(["pgrep", "-P", str(self.up.p.pid), "-f", "weibao-sla-timer"],
                             stdout=subprocess.PIPE, text=True).stdout.split()
        os.kill(int(pid[0]), signal.SIGSTOP)  # nothing is judged while they are armed
        try:
            request = self.report_request_with(body)
            reported = 0
            while reported < tickets:
                r = run_json(tool("bench-load"), str(self.port), "64", "2", request)
                reported += r["answers"]
        finally:
            os.kill(int(pid[0]), signal.SIGCONT)
        begun = time.monotonic()
        wait_for(lambda: self.metric("sla-timer", "todos") == self.metric("sla-timer", "todos_backing_off") or
                 self.metric("sla-timer", "commands_ok") - before >= 3 * reported, "all clocks judged", 600)
        took = time.monotonic() - begun
        fired = self.metric("sla-timer", "commands_ok") - before
        return fired / took, int(fired)

    def report_request_with(self, body):
        text = json.dumps(body, ensure_ascii=False)
        length = len(text.encode().replace(b"{n}", b"00000000"))
        head = "POST /api/v1/tenants/acme/tickets HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        for k, v in self.headers.items():
            head += "%s: %s\r\n" % (k, v)
        head += "Idempotency-Key: {key}\r\nContent-Length: %d\r\n\r\n" % length
        path = os.path.join(self.bench.dir, "request-late")
        with open(path, "wb") as f:
            f.write(head.encode() + text.encode())
        return path


def main():
    p = argparse.ArgumentParser(prog="weibao-bench", description=__doc__.split("\n\n")[0])
    p.add_argument("--quick", action="store_true", help="one short turn each: does it run?")
    p.add_argument("--only", help="command, append, clocks")
    p.add_argument("--json", metavar="FILE")
    options = p.parse_args()
    wanted = options.only.split(",") if options.only else ["append", "command", "clocks"]
    b = Bench(options)
    try:
        for name in wanted:
            getattr(b, name)()
    finally:
        b.done()
    if options.json:
        with open(options.json, "w") as f:
            json.dump(b.out, f, indent=1)


if __name__ == "__main__":
    sys.exit(main())
