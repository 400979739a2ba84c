"""Nothing personal can be read in any file of a cell that was used, and an erased person is erased everywhere."""

import os
import subprocess
import sys

from cell import Cell

PASSWORD = "weibao-demo"
SERVICES = ["intake", "dispatch", "sla-timer", "survey", "reporting", "identity"]


def everything(folder):
    for where, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(where, name)
            if os.path.isfile(path) and not os.path.islink(path):
                with open(path, "rb") as f:
                    yield path, f.read()


def use(cell, lead):
    """Names and texts go through every service, its logs included."""
    people = lead.get("/tenants/binhai/contacts?limit=100").well().json["contacts"]
    names = [p["name"] for p in people]
    one = next(p for p in people[5:] if names.count(p["name"]) == 1)
    found = lead.post("/tenants/binhai/search/people", {"text": one["name"]}).well().json["people"]
    assert any(p["contactId"] == one["contactId"] for p in found), found
    ticket = lead.post("/tenants/binhai/tickets", {
        "officeId": one["officeId"], "callerId": one["contactId"], "category": "OS",
        "symptom": "碎纸机卡住了三张秘密文件", "telephone": "13912345678", "despiteDuplicates": True}).well()
    number = ticket.event("TicketReported")["number"]
    assert lead.get("/tenants/binhai/ticket-search?text=%E7%A2%8E%E7%BA%B8%E6%9C%BA").well().json, number
    wrong = lead.post("/tenants/binhai/tickets", {"symptom": "碎纸机又卡住了", "officeId": "x"}, retry=False)
    assert wrong.status == 422
    return people, one, ticket.event("TicketReported")["ticketId"]


def erase(cell, principal, representative, person):
    who = person["contactId"]
    representative.post("/tenants/binhai/erasures", {"subjectId": who, "reason": "本人离职并要求删除"}).well()
    representative.post("/tenants/binhai/erasures/%s/approve" % who, retry=False).refused("ERASURE_SAME_ACCOUNT")
    principal.post("/tenants/binhai/erasures/%s/approve" % who).well()


def digests(cell):
    out = {}
    for service in SERVICES:
        r = subprocess.run([os.path.join(cell.programs, "weibao-audit"), "replay", service, "--bus",
                            "ipc://%s/run/bus/" % cell.data, "--compare",
                            "unix:%s/run/bus/%s.health" % (cell.data, service)], stdout=subprocess.PIPE, text=True)
        assert r.returncode == 0, (service, r.stdout)
        out[service] = r.stdout
    return out


def main(programs):
    cell = Cell(programs, kind="demo")
    os.makedirs(cell.data)
    with open(os.path.join(cell.data, "kind"), "w") as f:
        f.write("demo\n")
    subprocess.run([os.path.join(programs, "weibao-demo"), "--data", cell.data, "--days", "3"], check=True,
                   stdout=subprocess.DEVNULL)
    with cell:
        lead, principal, rep = [cell.sign_in(who, PASSWORD) for who in ("li", "wang", "rep")]
        people, one, ticket = use(cell, lead)
        needles = {p["name"] for p in people} | {t["number"] for p in people for t in p["telephones"]}
        needles |= {"碎纸机", "13912345678", "滨海路", one["name"], "王建平", "孟晓岚"}
        cell.stop()
        for path, content in everything(cell.data):
            for text in needles:
                assert text.encode() not in content, "«%s» can be read in %s" % (text, path)
        assert any("碎纸机".encode() in c for _, c in [("", "碎纸机".encode())])

        cell.start()
        before = lead.get("/tenants/binhai/tickets/%s" % ticket).well()
        assert one["name"] in before.body.decode()
        erase(cell, principal, rep, one)
        after = lead.get("/tenants/binhai/tickets/%s" % ticket, headers={"Accept-Language": "en"}).well()
        assert one["name"] not in after.body.decode() and "erased" in after.body.decode(), after
        assert "碎纸机" not in after.body.decode()
        gone = lead.get("/tenants/binhai/contacts/%s" % one["contactId"]).well().json
        assert gone["name"] == "erased", gone
        found = lead.post("/tenants/binhai/search/people", {"text": one["name"]}).well().json["people"]
        assert all(p["contactId"] != one["contactId"] for p in found), found
        digests(cell)
        # the projections are gone: folded anew from the log they show the same, erased as before
        cell.stop()
        for service in SERVICES:
            subprocess.run(["rm", "-rf", os.path.join(cell.data, service, "projection")], check=True)
        cell.start()
        digests(cell)
        again = lead.get("/tenants/binhai/tickets/%s" % ticket, headers={"Accept-Language": "en"}).well()
        assert again.json["ticket"] == after.json["ticket"], (again, after)
    print("1 passed")


if __name__ == "__main__":
    main(sys.argv[1])
