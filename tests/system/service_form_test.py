"""The format gate over HTTP, signed by a link; the service form as the page to print: opened, escaped, alone allowed its style."""

import base64
import hashlib
import os
import re
import subprocess
import sys
import time
from html.parser import HTMLParser

from cell import Cell, instant

PASSWORD = "weibao-demo"
UNIT = "/tenants/binhai"
VOID = {"meta"}


class Tags(HTMLParser):
    """Fails unless every element is closed where it was opened."""

    def __init__(self, page):
        super().__init__()
        self.open, self.seen = [], []
        self.feed(page)
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, tag


def visit(cell, lead, liu):
    """A visit on which Liu is on site, and who the user is."""
    user = lead.get(UNIT + "/contacts?limit=30").well().json["contacts"][14]
    ticket = lead.post(UNIT + "/tickets", {
        "officeId": user["officeId"], "callerId": user["contactId"], "category": "OS",
        "symptom": "<b>蓝屏</b> & 重启", "despiteDuplicates": True}).well().event("TicketReported")["ticketId"]
    path = "%s/tickets/%s" % (UNIT, ticket)
    lead.post(path + "/handler", {"round": 1}).well()
    lead.post(path + "/need-visit", {"round": 1}).well()
    engineer = liu.get("/account").well().json["personId"]
    made = lead.post(path + "/visits", {"round": 1, "engineerId": engineer, "agreedBy": "PHONE",
                                        "promisedArrivalAt": instant(time.time() + 9 * 86400)}).well()
    liu.position = lead.position
    path += "/visits/" + made.event("VisitScheduled")["visitId"]
    liu.post(path + "/arrive", {"round": 1}).well()
    return user, ticket, path


def gate(cell, lead, liu, user, ticket, path):
    liu.post(path + "/formats", {"round": 1, "disk": "C"}).refused("BACKUP_NOT_SIGNED", 409)
    shown = liu.post(path + "/format-statements", {
        "round": 1, "disk": "C", "kind": "BACKED_UP", "storageDevice": "移动硬盘"}).well().event("FormatStatementShown")
    signature = {"kind": "LINK", "signerName": user["name"], "signerId": user["contactId"], "relation": "self"}
    body = {"round": 1, "commitment": shown["commitment"], "signature": signature}
    wrong = cell.link(lead.post(UNIT + "/links", {"purpose": "rate", "id": ticket, "round": 1}).well().json["token"])
    wrong.position = liu.position
    wrong.post(path + "/format-consents", body).refused("NOT_FOUND", 404)
    by_link = cell.link(lead.post(UNIT + "/links", {"purpose": "sign", "id": ticket, "round": 1}).well().json["token"])
    by_link.position = liu.position
    by_link.post(path + "/format-consents", dict(body, commitment="A" * 43 + "=")).refused("NOT_FOUND", 404)
    by_link.post(path + "/format-consents", body).well().event("FormatConsentSigned")
    liu.position = by_link.position
    cell.kill("dispatch")
    liu.post(path + "/formats", {"round": 1, "disk": "C"}).well().event("DiskFormatted")
    liu.post(path + "/formats", {"round": 1, "disk": "C"}).refused("BACKUP_NOT_SIGNED", 409)
    late = {"round": 1, "steps": "换线", "occurredAt": instant(time.time() - 2 * 86400)}
    held = liu.post(path + "/work", late)
    assert held.status == 202, held
    assert "换线" in held.event("FactHeld")["content"], held


def page_of(who, path, **kw):
    answer = who.get(path + "/service-form" + kw.get("query", ""), headers={"Accept": "text/html"})
    assert answer.status == 200 and answer.headers["Content-Type"] == "text/html; charset=utf-8", answer
    page = answer.body.decode()
    style = re.search("<style>(.*?)</style>", page, re.S).group(1)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert "style-src 'sha256-%s'" % digest in answer.headers["Content-Security-Policy"], answer.headers
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    seen = Tags(page).seen
    assert "script" not in seen and "b" not in seen and "svg" in seen, seen
    return page


def main(programs):
    cell = Cell(programs, kind="demo")
    os.makedirs(cell.data)
    with open(os.path.join(cell.data, "kind"), "w") as f:
        f.write("demo\n")
    subprocess.run([os.path.join(programs, "weibao-demo"), "--data", cell.data, "--days", "1"], check=True,
                   stdout=subprocess.DEVNULL)
    with cell:
        lead, liu = [cell.sign_in(who, PASSWORD) for who in ("li", "liu")]
        user, ticket, path = visit(cell, lead, liu)
        gate(cell, lead, liu, user, ticket, path)
        form = liu.post(path + "/form", {
            "round": 1, "contents": ["SOFTWARE_FAULT"], "inWarranty": True, "chargeable": False,
            "solution": "重装系统", "result": "FIXED"}).well()
        assert form.event("FormFilled")["revision"] == 1
        shown = liu.post(path + "/form/show", {"round": 1}).well().event("FormShown")
        page = page_of(liu, path)
        for words in (user["name"], "&lt;b&gt;蓝屏&lt;/b&gt; &amp; 重启", "重装系统", "移动硬盘", "☑软件故障", "☑现场修复",
                      "已将数据备份到指定存储设备上，可以格式化硬盘", base64.b64decode(shown["commitment"]).hex()):
            assert words in page, (words, page)
        blank = page_of(liu, path, query="?blank=true")
        assert "☑" not in blank and user["name"] not in blank and "现场服务单" in blank
        assert liu.get(path + "/service-form").well().json["visit"]["form"]["solution"] == "重装系统"
    print("1 passed")


if __name__ == "__main__":
    main(sys.argv[1])
