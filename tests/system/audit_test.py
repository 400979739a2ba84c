"""weibao-audit beside a running cell with demo data, and on a damaged copy of its log."""

import json
import os
import shutil
import subprocess
import sys

from cell import Cell

SERVICES = ["intake", "dispatch", "sla-timer", "survey", "reporting", "identity"]


class Audit:
    def __init__(self, programs, *source):
        self.program = os.path.join(programs, "weibao-audit")
        self.source = list(source)

    def run(self, *args, status=0):
        r = subprocess.run([self.program, args[0], *args[1:], *self.source], stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, text=True)
        assert r.returncode == status, (args, r.returncode, r.stdout[-500:], r.stderr[-500:])
        return r

    def events(self, *args):
        return [json.loads(line) for line in self.run(*args).stdout.splitlines()]


def beside_a_running_cell(cell, audit):
    tail = audit.events("tail", "-n", "3")
    assert len(tail) == 3 and tail[2]["position"] == tail[0]["position"] + 2, tail
    reported = audit.events("show", "--tenant", "binhai", "--type", "TicketReported")
    assert len(reported) > 3
    one = reported[1]
    assert one["tenant"] == "binhai" and one["data"]["symptom"] == {"sealed": True}, one
    assert audit.events("show", "--position", str(one["position"])) == [one]
    stream = audit.events("show", "--tenant", "binhai", "--stream", "ticket/" + one["streamId"])
    assert [int(e["streamVersion"]) for e in stream] == list(range(1, len(stream) + 1)), stream
    assert audit.events("show", "--actor", one["actor"]["accountId"], "--limit", "1")
    until = audit.events("show", "--until", one["recordedAt"], "--type", "TicketReported")
    assert until[-1]["recordedAt"] <= one["recordedAt"] and len(until) < len(reported) + 50

    summary = json.loads(audit.run("verify", "--json").stdout)
    assert summary["problems"] == 0 and summary["checkpoints"] == summary["tenants"] == 4, summary
    for service in SERVICES:
        socket = "unix:%s/run/bus/%s.health" % (cell.data, service)
        assert "as the running one" in audit.run("replay", service, "--compare", socket).stdout
    dump = os.path.join(cell.dir, "dump")
    first = audit.run("replay", "intake", "--to", str(one["position"]), "--dump", dump).stdout
    assert "position %d" % one["position"] in first and os.path.getsize(dump) > 1000
    again = audit.run("replay", "intake", "--until", one["recordedAt"]).stdout
    assert again.split(":")[1].strip() == first.split(":")[1].strip(), (first, again)


def on_a_copy(cell, programs):
    copy = os.path.join(cell.dir, "copy")
    shutil.copytree(os.path.join(cell.data, "journal"), copy)
    audit = Audit(programs, "--log", copy)
    whole = json.loads(audit.run("verify", "--json").stdout)
    assert whole["problems"] == 0, whole
    needle = audit.events("show", "--type", "TenantOpened", "--limit", "1")[0]
    data = os.path.join(copy, "log", "data.mdb")
    with open(data, "r+b") as f:
        content = f.read()
        name = needle["data"]["name"].encode()
        at = content.find(name)
        assert at > 0
        f.seek(at)
        f.write(name[:-1] + b"!")
    damaged = audit.run("verify", status=1)
    assert "position %d" % needle["position"] in damaged.stderr, damaged.stderr
    shown = audit.run("show", "--type", "TenantOpened", status=1)
    assert needle["data"]["code"] not in shown.stdout and "damaged" in shown.stderr


def wrong_use(programs):
    audit = Audit(programs)
    audit.run("verify", status=2)
    audit.run("frobnicate", "--bus", "ipc:///nowhere/", status=2)
    audit.run("show", "--bus", "ipc:///nowhere/", "--from", "yesterday", status=2)
    audit.run("replay", "nobody", "--bus", "ipc:///nowhere/", status=2)
    audit.run("verify", "--log", "/nowhere", status=3)


def main(programs):
    wrong_use(programs)
    cell = Cell(programs, kind="demo")
    os.makedirs(cell.data)
    with open(os.path.join(cell.data, "kind"), "w") as f:
        f.write("demo\n")
    subprocess.run([os.path.join(programs, "weibao-demo"), "--data", cell.data, "--days", "3"], check=True,
                   stdout=subprocess.DEVNULL)
    with cell:
        beside_a_running_cell(cell, Audit(programs, "--bus", "ipc://%s/run/bus/" % cell.data))
        cell.stop()
        on_a_copy(cell, programs)
    print("1 passed")


if __name__ == "__main__":
    main(sys.argv[1])
