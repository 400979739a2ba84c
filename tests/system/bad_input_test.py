"""What is wrong with a request is said precisely: the right 4xx, and the field by its name; nothing else is disturbed."""

import json
import socket
import sys
import time

from cell import Cell, Person, instant


def raw(cell, data, wait=5):
    """Bytes to the socket as they are; the status of the answer, or 0 when the connection was closed without one."""
    with socket.create_connection(("127.0.0.1", cell.port), wait) as s:
        s.sendall(data)
        got = b""
        try:
            while b"\r\n" not in got:
                part = s.recv(4096)
                if not part:
                    break
                got += part
        except ConnectionResetError:
            pass
        return int(got.split()[1]) if got.startswith(b"HTTP/1.") else 0


def json_bodies(who):
    def post(text, kind="application/json"):
        return who.request("POST", "/account/tokens", raw=text, headers={"Content-Type": kind}, retry=False)

    post(b"{").refused("BODY_MALFORMED", 400)
    post(b"[1,2]").refused("BODY_INVALID", 422)
    post(b'{"name": "a", "name": "b"}').refused("BODY_INVALID", 422)
    post(b'{"name": "\xff\xfe"}').refused("BODY_MALFORMED", 400)
    post(b'{"name": "a\\u0000b"}')
    post(b'{"nane": "a"}').refused("BODY_INVALID", 422)
    assert post(b'{"nane": "a"}').fields == ["nane"]
    assert post(b'{"name": 7}').fields == ["name"]
    assert post(b'{"name": null}').status == 422
    assert post(b"{}").fields == ["name"]
    assert post(b'{"name": "a", "expiresAt": "yesterday"}').fields == ["expiresAt"]
    assert post(b'{"name": "a", "expiresAt": 1}').fields == ["expiresAt"]
    deep = b'{"name": ' + b"[" * 5000 + b"]" * 5000 + b"}"
    assert post(deep).status in (400, 422)
    assert post(b'{"name": "' + b"x" * (2 << 20) + b'"}').status == 413
    assert post(b"name=a", "application/x-www-form-urlencoded").status == 415
    assert post(b'{"name": "' + b"y" * 100_000 + b'"}').status in (413, 422)


def times_and_ids(who):
    far = instant(253_402_300_799)
    assert who.post("/account/tokens", {"name": "a", "expiresAt": "1960-01-01T00:00:00Z"}, retry=False).status == 422
    assert who.post("/account/tokens", {"name": "a", "expiresAt": "99999-01-01T00:00:00Z"}, retry=False).status == 422
    a = who.post("/account/tokens", {"name": "a", "expiresAt": far}, retry=False)
    assert a.status in (200, 422), a
    for bad in ("x", "00000000-0000-0000-0000", "%00", "..%2f..", "0" * 500):
        a = who.post("/account/tokens/%s/revoke" % bad, retry=False)
        assert a.status in (400, 404), (bad, a)
    who.get("/no/such/thing").refused("ROUTE_UNKNOWN", 404)
    assert who.request("DELETE", "/account", retry=False).status == 405
    who.get("/tenants/provider/accounts?limit=ten").refused("PARAMETER_INVALID", 400)
    assert who.get("/tenants/provider/accounts?limit=ten").fields == ["limit"]
    who.get("/tenants/provider/accounts?colour=red").refused("PARAMETER_INVALID", 400)


def headers(who):
    who.post("/account/tokens", {"name": "k"}, headers={"Idempotency-Key": "k" * 200}).refused("KEY_INVALID", 400)
    who.post("/account/tokens", {"name": "k"}, headers={"If-Match": "W/x"}).refused("IF_MATCH_INVALID", 400)
    who.get("/account", headers={"Weibao-After": "AAAA"}).refused("POSITION_INVALID", 400)
    first = who.post("/account/tokens", {"name": "one"}, headers={"Idempotency-Key": "same"}).well()
    again = who.post("/account/tokens", {"name": "one"}, headers={"Idempotency-Key": "same"}).well()
    assert first.json == again.json, (first, again)
    who.post("/account/tokens", {"name": "two"}, headers={"Idempotency-Key": "same"}).refused("COMMAND_ID_REUSED", 422)
    assert who.get("/account", headers={"Accept-Language": "zh-CN", "Weibao-After": "AAAA"}).json["title"] == \
        "位置令牌无效，请去掉后重试。"


def bytes_on_the_wire(cell):
    head = b"POST /api/v1/sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    assert raw(cell, head + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}") == 400
    assert raw(cell, head + b"Content-Length: +2\r\n\r\n{}") == 400
    assert raw(cell, head + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n") in (400, 411, 501)
    assert raw(cell, b"GET /healthz HTTP/1.1\nHost: localhost\n\n") == 400
    assert raw(cell, b"GET /healthz HTTP/1.1\r\n\r\n") == 400
    assert raw(cell, b"\x00\x01\x02\x03\r\n\r\n") in (0, 400)
    assert raw(cell, head + b"Content-Length: 99999999999\r\n\r\n") in (0, 400, 413)
    # a body that never comes holds nobody else up
    slow = socket.create_connection(("127.0.0.1", cell.port))
    slow.sendall(head + b"Content-Length: 100\r\n\r\n{")
    begun = time.monotonic()
    assert Person(cell).get("/first-run").status == 200
    assert time.monotonic() - begun < 5
    slow.close()


def main(programs):
    with Cell(programs) as cell:
        admin = cell.first_administrator()
        json_bodies(admin)
        times_and_ids(admin)
        headers(admin)
        bytes_on_the_wire(cell)
        assert admin.get("/account").status == 200
        description = Person(cell).get("//openapi.json")
        assert json.loads(description.body)["openapi"].startswith("3.1")
    print("1 passed")


if __name__ == "__main__":
    main(sys.argv[1])
