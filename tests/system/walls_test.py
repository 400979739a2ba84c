"""Walls: for every operation × role × own and foreign tenant, what docs/roles says.

The pages are the oracle: the test reads them, and takes from the API's description only how an operation is reached.
Allowed means: not 401, not FORBIDDEN; what the body then lacks is another matter. Every request is a real one.
"""

import glob
import json
import os
import re
import sys

from cell import Cell, Person

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
STAFF = ["HOTLINE", "ENGINEER", "PRINCIPAL", "MANAGER"]
CLIENT = ["REPRESENTATIVE", "DEPUTY", "USER"]
EVERYONE = STAFF + CLIENT + ["AUDITOR", "ADMINISTRATOR"]
# Ended sessions would answer 401 to all that follows; changes is a stream (tests of its own).
ENDING = ("SignOut", "SignOutEverywhere", "ChangePassword", "ListChanges")
SOME_ID = "0198c0de-0000-7000-8000-00000000beef"


def pages():
    """{operation: set of roles} of docs/roles/*.md."""
    said = {}
    for page in sorted(glob.glob(os.path.join(ROOT, "docs", "roles", "*.md"))):
        for line in open(page):
            m = re.match(r"\| (\w+) \| ([^|]+) \|", line)
            if not m or m.group(1) in ("Command", "Operation", "Query"):
                continue
            roles = set(re.findall(r"[A-Za-z]+", m.group(2).replace("anyone", " ".join(EVERYONE))))
            assert m.group(1) not in said, "%s stands twice" % m.group(1)
            assert roles <= set(EVERYONE + ["LINK", "SYSTEM"]), (m.group(1), roles)
            said[m.group(1)] = roles
    return said


def operations(cell):
    """[(operation, method, path, parameters)] of the description."""
    d = json.loads(Person(cell).get("//openapi.json").well().body)
    out = []
    for path, methods in d["paths"].items():
        for method, o in methods.items():
            if method in ("get", "post", "put", "delete") and "operationId" in o and path.startswith("/api/v1/"):
                out.append((o["operationId"], method.upper(), path[len("/api/v1"):]))
    return out


def fill(path, tenant):
    path = path.replace("{tenant}", tenant)
    return re.sub(r"\{\w+\}", SOME_ID, path)


def allowed(answer):
    return answer.status != 401 and answer.code not in ("FORBIDDEN", "SIGN_IN_REQUIRED")


def main(programs):
    said, wrong, asked = pages(), [], 0
    with Cell(programs) as cell:
        admin = cell.first_administrator()
        for t, code in (("acme", "ACME"), ("other", "OTHER")):
            admin.post("/tenants/%s/open" % t, {"code": code, "name": t, "zone": "Asia/Shanghai", "language": "ZH"}).well()
        people = {"ADMINISTRATOR": admin}
        for role in EVERYONE:
            if role != "ADMINISTRATOR":
                home = "acme" if role in CLIENT else "provider"
                grants = {home: [role]} if home == "acme" else {"provider": [role], "acme": [role]}
                if role == "DEPUTY":
                    continue
                people[role] = cell.account(admin, home, role.lower(), grants)
        found = operations(cell)
        names = {o for o, _, _ in found}
        missing = sorted(o for o, r in said.items() if o not in names and r != {"SYSTEM"} and o != "ListChanges")
        wrong += ["%s stands on a page and has no route" % o for o in missing]
        wrong += ["%s has a route and stands on no page" % o for o in sorted(names - set(said))]
        for op, method, path in found:
            if op not in said or op in ENDING:
                continue
            for tenant in ("acme", "provider", "other") if "{tenant}" in path else ("acme",):
                got = {}
                for role, who in people.items():
                    got[role] = who.request(method, fill(path, tenant), None if method == "GET" else {}, patience=60)
                    asked += 1
                if "{tenant}" in path and all(a.status == 404 for a in got.values()):
                    continue  # a route of the other kind of tenant, or a tenant that none of them may see
                for role, a in got.items():
                    foreign = tenant == "other" or (role in CLIENT and tenant == "provider")
                    if foreign and role != "ADMINISTRATOR":
                        fits = a.status == 404
                    elif said[op] == {"LINK"} and "{tenant}" not in path:
                        fits = allowed(a)  # for whoever comes, signed in or not
                    elif role in said[op]:
                        fits = allowed(a)
                    else:
                        fits = not allowed(a) or ("{tenant}" not in path and a.status == 404)
                    if not fits:
                        wrong.append("%s by %s in %s: %s %s" % (op, role, tenant, a.status, a.code))
        # somebody without an account reaches what LINK may, and nothing else
        for op, method, path in found:
            if op not in said or op == "ListChanges":
                continue
            a = Person(cell).request(method, fill(path, "acme"), None if method == "GET" else {}, patience=60)
            asked += 1
            if a.status != 401 and "LINK" not in said[op]:
                wrong.append("%s by nobody: %s %s" % (op, a.status, a.code))
    for w in wrong:
        print(w)
    assert asked > 500, asked
    assert not wrong, "%d of %d differ from docs/roles" % (len(wrong), asked)
    print("%d requests as docs/roles says" % asked)


if __name__ == "__main__":
    main(sys.argv[1])
