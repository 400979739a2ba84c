"""A real first start: the one-time code, the first administrator, accounts, sign-in; all of it again after a restart."""

import os
import sys

from cell import PASSWORD, Cell, uuid7


def main(programs):
    with Cell(programs) as cell:
        nobody = cell.nobody()
        assert nobody.get("/first-run").well().json == {"needed": True}
        key = uuid7()
        body = {"code": cell.first_code(), "login": "admin", "displayName": "管理员", "password": PASSWORD}
        nobody.post("/first-run", dict(body, code="WRONG2WRONG2")).refused("CODE_WRONG")
        first = nobody.post("/first-run", body, headers={"Idempotency-Key": key}).well()
        assert first.kinds(), first
        again = nobody.post("/first-run", body, headers={"Idempotency-Key": key})
        assert again.json["events"] == first.json["events"], again
        assert nobody.get("/first-run").well().json == {"needed": False}
        assert not os.path.exists(os.path.join(cell.data, "identity", "private", "first-run-code"))
        nobody.post("/first-run", body).refused("FIRST_RUN_OVER", 409)

        admin = cell.sign_in("admin")
        assert admin.get("/account").well().json["displayName"] == "管理员"
        a = nobody.post("/sign-in", {"login": "admin", "password": "not the password"})
        a.refused("SIGN_IN_WRONG", 401)
        assert "token" not in (a.json or {})
        principal = cell.account(admin, "provider", "wang", {"provider": ["PRINCIPAL"]}, "王负责人")
        assert principal.get("/account").well().json["grants"]
        # a cookie without the token of the page is not enough to write
        cookie_only = type(principal)(cell, {"Cookie": principal.headers["Cookie"]})
        cookie_only.post("/account/sign-out").refused("CSRF_REQUIRED", 403)

        cell.restart()
        assert principal.get("/account").well().json["displayName"] == "王负责人"
        again = nobody.post("/first-run", body, headers={"Idempotency-Key": key})
        assert again.json["events"] == first.json["events"], again
        principal.post("/account/sign-out").well()
        assert principal.get("/account").status == 401
    print("1 passed")


if __name__ == "__main__":
    main(sys.argv[1])
