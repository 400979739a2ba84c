"""A visit from the call to the close while every process is killed (-9) again and again, all along the way.

Each command is sent with a key of its own, again with the same key, and once more after a restart of everything: it
happens once and is answered the same. What was acknowledged is in the log, each once; the ticket closes by itself; nobody
is booked twice; the log verifies and every projection is a fold of it.
"""

import json
import os
import random
import subprocess
import sys

from cell import Cell, instant, uuid7, wait_until
import time

PASSWORD = "weibao-demo"
NAMES = ["intake", "dispatch", "journal", "sla-timer", "survey", "gateway", "reporting", "identity"]
SERVICES = ["intake", "dispatch", "sla-timer", "survey", "reporting", "identity"]


class Driver:
    """Sends commands, repeats them, kills between and while; remembers what was answered."""

    def __init__(self, cell, seed):
        self.cell, self.chance, self.sent, self.kills = cell, random.Random(seed), [], 0

    def kill(self):
        name = NAMES[self.kills % len(NAMES)]
        self.kills += 1
        pid = self.cell.pid(name)
        if pid:
            os.kill(pid, 9)

    def do(self, who, path, body):
        key = {"Idempotency-Key": uuid7()}
        if self.chance.random() < 0.7:
            self.kill()
        first = who.post("/tenants/binhai" + path, body, headers=key, patience=60).well()
        if self.chance.random() < 0.4:
            self.kill()
        self.same(first, who.post("/tenants/binhai" + path, body, headers=key, patience=60))
        self.sent.append((who, path, body, key, first))
        return first

    @staticmethod
    def same(first, again):
        again.well()
        assert first.json["events"] == again.json["events"], (first, again)

    def repeat_all(self):
        for who, path, body, key, first in self.sent:
            self.same(first, who.post("/tenants/binhai" + path, body, headers=key, patience=60))


def flow(d, lead, engineer, manager, day):
    people = lead.get("/tenants/binhai/contacts?limit=30", patience=60).well().json["contacts"]
    caller = people[d.chance.randrange(3, 20)]
    me = engineer.get("/account", patience=60).well().json["personId"]
    t = d.do(lead, "/tickets", {"officeId": caller["officeId"], "callerId": caller["contactId"], "category": "OS",
                                "symptom": "开机后蓝屏", "despiteDuplicates": True}).event("TicketReported")
    ticket = "/tickets/" + t["ticketId"]
    d.do(lead, ticket + "/handler", {"round": 1})
    d.do(lead, ticket + "/calls", {"round": 1, "reached": True})
    d.do(lead, ticket + "/need-visit", {"round": 1})
    when = {"round": 1, "engineerId": me, "promisedArrivalAt": instant(day), "agreedBy": "PHONE"}
    visit_id = d.do(lead, ticket + "/visits", when).event("VisitScheduled")["visitId"]
    visit = ticket + "/visits/" + visit_id
    for step in ("accept", "depart", "arrive"):
        d.do(engineer, visit + "/" + step, {"round": 1})
    signed = {"kind": "SCREEN", "signerId": caller["contactId"], "signerName": caller["name"], "relation": "self"}
    shown = d.do(engineer, visit + "/format-statements", {
        "round": 1, "disk": "C", "kind": "NOTHING_TO_KEEP"}).event("FormatStatementShown")
    d.do(engineer, visit + "/format-consents", {"round": 1, "commitment": shown["commitment"], "signature": signed})
    d.do(engineer, visit + "/formats", {"round": 1, "disk": "C"})
    refused = engineer.post("/tenants/binhai" + visit + "/formats", {"round": 1, "disk": "C"}, patience=60)
    assert refused.status == 409, refused  # each consent for one format
    d.do(engineer, visit + "/form", {"round": 1, "contents": ["SOFTWARE_FAULT"], "inWarranty": True,
                                     "chargeable": False, "solution": "重装系统", "result": "FIXED"})
    form = d.do(engineer, visit + "/form/show", {"round": 1}).event("FormShown")
    d.do(engineer, visit + "/form/sign", {"round": 1, "commitment": form["commitment"], "signature": signed,
                                          "grade": "SATISFIED"})
    d.do(engineer, visit + "/leave", {"round": 1})
    d.do(manager, ticket + "/follow-up", {"round": 1, "quality": "SATISFIED", "conformity": "SATISFIED",
                                          "progress": "SATISFIED", "attitude": "SATISFIED"})
    return t["ticketId"], me


def in_the_log(cell, ticket):
    r = subprocess.run([os.path.join(cell.programs, "weibao-audit"), "show", "--bus", "ipc://%s/run/bus/" % cell.data,
                        "--tenant", "binhai"], stdout=subprocess.PIPE, text=True, check=True)
    events = [json.loads(line) for line in r.stdout.splitlines()]
    return [e for e in events if e["streamId"] == ticket], events


def no_double_booking(events, engineer):
    over = {e["data"]["visitId"] for e in events if e["eventType"] in ("VisitLeft", "VisitCancelled")}
    slots = sorted((e["data"]["slotFrom"], e["data"]["slotUntil"]) for e in events
                   if e["eventType"] == "EngineerAssigned" and e["data"]["engineerId"] == engineer and
                   e["data"]["visitId"] not in over)
    for a, b in zip(slots, slots[1:]):
        assert a[1] <= b[0], (a, b)


def main(programs):
    programs = os.path.abspath(programs)
    seed = int(os.environ.get("WEIBAO_SEED", time.time()))
    print("WEIBAO_SEED=%d" % seed)
    cell = Cell(programs, kind="demo")
    os.makedirs(cell.data)
    with open(os.path.join(cell.data, "kind"), "w") as f:
        f.write("demo\n")
    subprocess.run([os.path.join(programs, "weibao-demo"), "--data", cell.data, "--days", "2"], check=True,
                   stdout=subprocess.DEVNULL)
    with cell:
        lead, engineer, manager, rep = [cell.sign_in(who, PASSWORD) for who in ("li", "liu", "meng", "rep")]
        d = Driver(cell, seed)
        day = time.time() + 3 * 86400
        day -= day % 86400 - 2 * 3600
        made = [flow(d, lead, engineer, manager, day + n * 3 * 3600) for n in range(2)]
        for ticket, _ in made:
            wait_until(lambda: rep.get("/tenants/binhai/tickets/%s" % ticket, patience=60).well()
                       .json["ticket"]["stage"] == "CLOSED", "the ticket is closed", 90)
        assert d.kills >= 16, d.kills
        cell.restart()
        d.repeat_all()
        for ticket, engineer_id in made:
            mine, everything = in_the_log(cell, ticket)
            for who, path, body, key, first in d.sent:
                for e in first.json["events"]:
                    if e["streamId"] != ticket:
                        continue
                    same = [x for x in mine if x["streamKind"] == e["streamKind"] and
                            x["streamVersion"] == e["streamVersion"]]
                    assert len(same) == 1 and same[0]["eventType"] == e["type"], (e, same)
            kinds = [e["eventType"] for e in mine]
            for once in ("TicketReported", "VisitScheduled", "EngineerArrived", "DiskFormatted", "ServiceCompleted",
                         "SurveyAsked", "RatingGiven", "FollowUpRecorded", "TicketClosed"):
                assert kinds.count(once) == 1, (once, kinds)
            no_double_booking(everything, engineer_id)
        audit = [os.path.join(programs, "weibao-audit")]
        bus = ["--bus", "ipc://%s/run/bus/" % cell.data]
        assert subprocess.run(audit + ["verify"] + bus, stdout=subprocess.DEVNULL).returncode == 0
        for service in SERVICES:
            health = ["--compare", "unix:%s/run/bus/%s.health" % (cell.data, service)]
            assert subprocess.run(audit + ["replay", service] + bus + health,
                                  stdout=subprocess.DEVNULL).returncode == 0, service
    print("1 passed")


if __name__ == "__main__":
    main(sys.argv[1])
