"""Files over HTTP: parts as they are, resumed after intake was killed; an import to its end; the search; an erasure."""

import sys
import time

from cell import Cell, fail

PART = 512 * 1024
OFFICES = "处室路径,地址\n信息中心,人民路1号\n信息中心/运维科,\n"
PEOPLE = "处室路径,姓名,电话,分机\n信息中心,张伟,010-88881234,12\n信息中心/运维科,王芳,13900001111,\n"
UNIT = "/tenants/acme"


def upload(who, purpose, data, cell=None):
    begun = who.post(UNIT + "/attachments", {"sizeBytes": len(data), "purpose": purpose}).well()
    file = begun.event("UploadStarted")["attachmentId"]
    parts = [data[i:i + PART] for i in range(0, len(data), PART)]
    for n in reversed(range(len(parts))):
        who.post("%s/attachments/%s/parts/%d" % (UNIT, file, n), raw=parts[n]).well()
        if cell:
            cell.kill("intake")
    state = who.get("%s/attachments/%s/upload" % (UNIT, file)).well().json
    assert state["parts"] == len(parts) and not state.get("missingParts"), state
    who.post("%s/attachments/%s/finish" % (UNIT, file)).well()
    return file


def bring_in(who, kind, text, encoding="utf-8"):
    file = upload(who, "import", text.encode(encoding))
    check = who.get("%s/import-check?kind=%s&attachmentId=%s" % (UNIT, kind, file)).well().json
    assert check["problemsTotal"] == 0, check
    begun = who.post(UNIT + "/imports", {"kind": kind, "attachmentId": file}).well()
    path = "%s/imports/%s" % (UNIT, begun.event("ImportStarted")["importId"])
    until = time.monotonic() + 30
    while who.get(path).well().json["status"] == "STAGING":
        if time.monotonic() > until:
            fail("the import does not end")
    assert who.get(path).json["status"] == "ACTIVE"


def people(who, text):
    return who.post(UNIT + "/search/people", {"text": text}).well().json.get("people", [])


def main(programs):
    with Cell(programs) as cell:
        admin = cell.first_administrator()
        admin.post(UNIT + "/open", {"code": "ACME", "name": "某局", "zone": "Asia/Shanghai", "language": "ZH"}).well()
        lead = cell.account(admin, "provider", "lead", {"provider": ["HOTLINE"], "acme": ["HOTLINE"]})
        one = cell.account(admin, "provider", "one", {"provider": ["PRINCIPAL"], "acme": ["PRINCIPAL"]})
        two = cell.account(admin, "provider", "two", {"provider": ["PRINCIPAL"], "acme": ["PRINCIPAL"]})

        data = b"column,other\n" + b"0123456789abcdef\n" * 70000
        file = upload(lead, "other", data, cell)
        octets = {"Accept": "application/octet-stream"}
        got = b"".join(lead.get("%s/attachments/%s?part=%d" % (UNIT, file, n), headers=octets).well().body
                       for n in range((len(data) + PART - 1) // PART))
        assert got == data

        template = lead.get(UNIT + "/import-template?kind=CONTACTS", headers=octets).well().body
        assert template.startswith(b"\xef\xbb\xbf" + "处室路径,姓名".encode()), template
        bring_in(lead, "OFFICES", OFFICES)
        bring_in(lead, "CONTACTS", PEOPLE, "gb18030")
        assert len(people(lead, "张伟")) == 1
        assert [p["officeName"] for p in people(lead, "1390000")] == ["运维科"]

        wang = people(lead, "王芳")[0]["contactId"]
        one.post(UNIT + "/erasures", {"subjectId": wang, "reason": "本人要求"}).well()
        one.post("%s/erasures/%s/approve" % (UNIT, wang)).refused("ERASURE_SAME_ACCOUNT", 409)
        two.position = one.position
        two.post("%s/erasures/%s/approve" % (UNIT, wang)).well()
        lead.position = two.position
        assert not people(lead, "王芳")
        cell.kill("intake")
        assert not people(lead, "13900001111")
        assert "王芳" not in lead.get("%s/contacts/%s" % (UNIT, wang)).well().body.decode()
    print("files come, go and are forgotten")


if __name__ == "__main__":
    main(sys.argv[1])
