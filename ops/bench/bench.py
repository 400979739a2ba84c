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
PAYLOAD = "100"  # of one event; with its envelope some 336 bytes, as large as a bare record


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
        how = "weibao-bench --only command"
        try:
            cell.many_contacts(200 if self.quick else 2000)
            request = cell.request_file("report", cell.report_body("{pick}"))
            for connections in (64, 1):
                bare, ours = [], []
                for turn in range(self.turns):
                    bare.append(self.bare_command(connections, turn))
                    ours.append(cell.load(connections, self.seconds, request))
                b, o = median(bare, "per_second"), median(ours, "per_second")
                self.say("bare command, %d in flight" % connections, [x["per_second"] for x in bare], "1/s", command=how)
                self.say("report a fault, %d in flight" % connections, [x["per_second"] for x in ours], "1/s", o / b,
                         "1: at least 0.25 of the bare" if connections == 64 else None,
                         o / b >= 0.25 if connections == 64 else None, how)
                self.compare("p50_us", "bare command, p50", "report a fault, p50", bare, ours, how,
                             *(("2: at most 3 × the bare", 3) if connections == 1 else (None, None)))
                self.compare("p99_us", "bare command, p99", "report a fault, p99", bare, ours, how,
                             *(("1: at most 5 × the bare", 5) if connections == 64 else (None, None)))
            # what one person reports is decided one after the other, so that no duplicate slips by
            same = cell.request_file("same", cell.report_body(cell.contact))
            runs = [cell.load(64, self.seconds, same) for _ in range(self.turns)]
            self.say("… all by one person, 64 in flight", [x["per_second"] for x in runs], "1/s", command=how)
            self.rebuild_of(cell)
        finally:
            cell.stop()

    def compare(self, field, bare_name, our_name, bare, ours, how, goal=None, at_most=None):
        b, o = median(bare, field), median(ours, field)
        self.say("  " + bare_name, [x[field] / 1000 for x in bare], "ms", command=how)
        self.say("  " + our_name, [x[field] / 1000 for x in ours], "ms", o / b, goal,
                 None if at_most is None else o <= at_most * b, how)

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
        how = "weibao-bench --only append"
        for window in (256, 1):
            bare, ours, trip = [], [], []
            for turn in range(self.turns):
                bare.append(self.in_folder("bare", str(window)))
                trip.append(self.in_folder("trip", "1"))
                ours.append(self.journal_append(window, turn))
            b, o = median(bare, "per_second"), median(ours, "per_second")
            self.say("bare LMDB, groups of %d" % window, [x["per_second"] for x in bare], "1/s", command=how)
            self.say("journal append, %d in flight" % window, [x["per_second"] for x in ours], "1/s", o / b,
                     "3: at least 0.2 of bare LMDB" if window > 1 else None, o / b >= 0.2 if window > 1 else None, how)
            if window == 1:
                b50, o50, t50 = median(bare, "p50_us"), median(ours, "p50_us"), median(trip, "p50_us")
                self.say("  one ZeroMQ round trip, p50", [x["p50_us"] / 1000 for x in trip], "ms", command=how)
                self.say("  bare LMDB, p50", [x["p50_us"] / 1000 for x in bare], "ms", command=how)
                self.say("  journal append, p50", [x["p50_us"] / 1000 for x in ours], "ms", o50 / b50,
                         "3: at most 1.5 × bare + the trip", o50 <= 1.5 * b50 + t50, how)

    def in_folder(self, what, group):
        folder = tempfile.mkdtemp(dir=self.dir)
        try:
            return run_json(tool("bench-journal"), what, folder, str(self.seconds), group, PAYLOAD)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def journal_append(self, window, turn):
        data = os.path.join(self.dir, "journal-%d-%d" % (window, turn))
        bus = "ipc://%s/" % tempfile.mkdtemp(dir=self.dir)
        os.mkdir(data)
        p = Process([tool("journal"), "--data", data, "--bus", bus, "--health", "unix:%s/h" % bus[6:]], self.log)
        try:
            wait_file(bus[6:] + "journal-append")
            return run_json(tool("bench-journal"), "append", bus, str(self.seconds), str(window), PAYLOAD)
        finally:
            p.stop()
            shutil.rmtree(data, ignore_errors=True)

    # ---- a projection from zero (goal 6) ----

    def rebuild_of(self, cell):
        how = "weibao-bench --only command"
        cell.up.stop()
        rates, events = [], 0
        for _ in range(self.turns):
            events, took = cell.rebuild("reporting")
            rates.append(events / took)
        rate = statistics.median(rates)
        self.say("reporting folded from zero (%d events)" % events, rates, "1/s", rate / 50000, "6: 50,000 events/s",
                 rate >= 50000, how)

    # ---- clocks (goal 8) ----

    def clocks(self):
        how = "weibao-bench --only clocks"
        cell = Cell(self)
        try:
            cell.many_contacts(200 if self.quick else 2000)
            rate, fired, last = cell.fire_clocks(10 if self.quick else 60)
            self.say("clocks due at one instant (%d armed), judged" % fired, [rate], "1/s", rate / 40000, "8: 40,000/s",
                     rate >= 40000, how)
            self.say("  from that instant until the last one is judged", [last * 1000], "ms", command=how)
        finally:
            cell.stop()


def median(runs, field):
    return statistics.median(x[field] for x in runs)


def versions():
    def first(*command):
        try:
            return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.split("\n")[0]
        except OSError:
            return ""
    libraries = {name: first("pkg-config", "--modversion", name) for name in ("libzmq", "lmdb", "libevent", "libprotobuf-c")}
    return dict(libraries, kernel=os.uname().release, cpus=os.cpu_count(),
                commit=first("git", "-C", BIN, "rev-parse", "--short", "HEAD"))


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

    def __init__(self, bench):
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
        self.call("POST", "/tenants/acme/open", {"code": "ACME", "name": "Acme", "zone": "Asia/Shanghai", "language": "ZH"})
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

    def many_contacts(self, count):
        """As many people as report: their ids, a line each."""
        self.ids = os.path.join(self.bench.dir, "ids")
        with open(self.ids, "w") as f:
            for i in range(count):
                made = self.call("POST", "/tenants/acme/contacts", {
                    "officeId": self.office, "name": "somebody %d" % i, "telephones": [{"number": "%d" % (87650000 + i)}]})
                f.write(self.data_of(made, "contactId") + "\n")

    def report_body(self, caller, **more):
        return dict({"officeId": self.office, "callerId": caller, "category": "OS", "symptom": "开机后蓝屏，反复重启",
                     "despiteDuplicates": True, "model": "M430", "serial": "{n}"}, **more)

    def request_file(self, name, body):
        """A whole request for the load generator; it fills in {key}, {n} and {pick}, whose lengths are known."""
        text = json.dumps(body, ensure_ascii=False).encode()
        length = len(text.replace(b"{n}", b"0" * 8).replace(b"{pick}", b"0" * 36))
        head = "POST /api/v1/tenants/acme/tickets HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        for k, v in self.headers.items():
            head += "%s: %s\r\n" % (k, v)
        head += "Idempotency-Key: {key}\r\nContent-Length: %d\r\n\r\n" % length
        path = os.path.join(self.bench.dir, "request-" + name)
        with open(path, "wb") as f:
            f.write(head.encode() + text)
        return path

    def load(self, connections, seconds, request):
        return run_json(tool("bench-load"), str(self.port), str(connections), str(seconds), request, self.ids)

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

    def alone(self, name):
        """One process of the stopped cell, on its folders."""
        bus = os.path.join(self.data, "run/bus")
        return Process([tool(name), "--data", os.path.join(self.data, name), "--bus", "ipc://%s/" % bus,
                        "--health", "unix:%s/%s.health" % (bus, name)], self.bench.log)

    def rebuild(self, service):
        """Folds the service's projection from zero beside the journal and nothing else: events, seconds."""
        shutil.rmtree(os.path.join(self.data, service, "projection"))
        journal = self.alone("journal")
        wait_for(lambda: self.probe("journal"), "the journal's start", 120)
        begun = time.monotonic()
        process = self.alone(service)
        try:
            wait_for(lambda: self.has_metrics(service) and self.metric(service, "ready") == 1, service + " ready", 600)
            took = time.monotonic() - begun
            return self.metric(service, "events_folded_total"), took
        finally:
            process.stop()
            journal.stop()

    def has_metrics(self, service):
        try:
            self.metric(service, "position")
            return True
        except (OSError, http.client.HTTPException):
            return False

    def settled(self):
        """Nothing is due any more and every position is folded; due ones of later do not count."""
        a = self.metric("sla-timer", "commands_ok_total")
        time.sleep(0.5)
        return a == self.metric("sla-timer", "commands_ok_total")

    def fire_clocks(self, seconds):
        """Arms one response clock a ticket, all due at one instant: 24 × 7, reported at the same time. From that instant
        until all are judged. Tickets are reported until shortly before."""
        terms = self.call("GET", "/tenants/acme/policy")[0]["terms"]
        for t in terms["targets"]:
            t.pop("calendarId", None)
            if t.pop("serviceDays", None) or "targetUs" in t:  # an arrival's is what was promised
                t["targetUs"] = (1 if t["clock"] == "RESPONSE" else 7200) * 3600 * 10**6
        terms["warnPermille"] = 1  # long ago: the warning is not what is measured
        terms["appointmentAfterUs"] = 7200 * 3600 * 10**6
        self.call("POST", "/tenants/acme/policy", {"terms": terms})
        due = time.time() + seconds + 30
        reported_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(due - 3600))
        due = due // 1
        request = self.request_file("due", self.report_body("{pick}", reportedAt=reported_at))
        tickets = 0
        while time.time() + 4 < due - 25:
            tickets += self.load(64, 4, request)["answers"]
        wait_for(self.settled, "all clocks armed", max(1, due - time.time() - 1))
        before = self.metric("sla-timer", "commands_ok_total")
        time.sleep(max(0, due - time.time()))
        begun = time.time()
        wait_for(lambda: self.metric("sla-timer", "commands_ok_total") - before >= tickets, "all clocks judged", 600)
        took = time.time() - begun
        return tickets / took, tickets, took


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
