"""A real cell for tests: every process under weibao-up in a folder of its own, and people who speak HTTP with it.

    with Cell(BIN) as cell:
        admin = cell.first_administrator()
        lead = cell.account(admin, "provider", "li", {"acme": ["HOTLINE"]})
        lead.post("/tenants/acme/tickets", {...})            # an Answer; refused: see .status and .code
        cell.kill("intake")                                   # weibao-up starts it again

Nothing here knows what a command does. Waiting is for a condition with a bound, never for a time.
"""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid

READY_S = 60
PASSWORD = "correct horse battery"


def fail(text):
    raise AssertionError(text)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(condition, what, patience=30):
    until = time.monotonic() + patience
    while not condition():
        if time.monotonic() > until:
            fail("%s: not within %d s" % (what, patience))
        time.sleep(0.02)


def uuid7(at=None):
    """As our own screens make keys: 48 bits of time, then chance."""
    ms = int((at or time.time()) * 1000)
    raw = bytearray(ms.to_bytes(6, "big") + os.urandom(10))
    raw[6] = raw[6] & 0x0F | 0x70
    raw[8] = raw[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes=bytes(raw)))


def instant(at):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + ".%06dZ" % int(at % 1 * 1_000_000)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body
        try:
            self.json = json.loads(body) if body else None
        except ValueError:
            self.json = None

    @property
    def code(self):
        return self.json.get("code") if isinstance(self.json, dict) else None

    @property
    def fields(self):
        return [f["path"] for f in (self.json or {}).get("fields", [])]

    def event(self, kind):
        for e in (self.json or {}).get("events", []):
            if e["type"] == kind:
                return e["data"]
        fail("no event %s in %s %s" % (kind, self.status, self.body[:600]))

    def kinds(self):
        return [e["type"] for e in (self.json or {}).get("events", [])]

    def well(self):
        if self.status not in (200, 202):
            fail("status %s: %s" % (self.status, self.body[:800]))
        return self

    def refused(self, code, status=None):
        if self.code != code or (status and self.status != status):
            fail("expected %s %s, got %s: %s" % (status or "", code, self.status, self.body[:800]))
        return self

    def __repr__(self):
        return "%s %s" % (self.status, self.body[:800])


class Person:
    """A client of the API: a session, an API token, a link, or nobody. Reads what it wrote (Weibao-After)."""

    def __init__(self, cell, headers=None):
        self.cell, self.headers = cell, dict(headers or {})
        self.position = None
        self.account_id = None
        self.lock = threading.Lock()

    def request(self, method, path, body=None, headers=None, raw=None, retry=True, patience=30):
        """One request; 503 is tried again with the same key, as the answer asks for."""
        h = {"Accept-Language": "en"}
        h.update(self.headers)
        if self.position:
            h["Weibao-After"] = self.position
        if method != "GET":
            h.setdefault("Idempotency-Key", uuid7())
        data = raw
        if body is not None:
            data = json.dumps(body).encode()
            h.setdefault("Content-Type", "application/json")
        elif raw is not None:
            h.setdefault("Content-Type", "application/octet-stream")
        h.update(headers or {})
        h = {k: v for k, v in h.items() if v is not None}
        until = time.monotonic() + patience
        while True:
            try:
                answer = self._once(method, path, data, h)
            except (OSError, http.client.HTTPException):
                answer = None  # the gateway was killed under us: sent again with the same key
            again = retry and (answer is None or answer.status == 503)
            if not again:
                break
            if time.monotonic() > until:
                fail("%s %s: no answer but %s for %d s" % (method, path, answer, patience))
            time.sleep(0.05)  # the bound of a retry, not a wait for something to happen
        if answer and answer.headers.get("Weibao-Position"):
            with self.lock:
                self.position = answer.headers["Weibao-Position"]
        return answer

    def _once(self, method, path, data, headers):
        c = http.client.HTTPConnection("127.0.0.1", self.cell.port, timeout=20)
        try:
            c.request(method, path[1:] if path.startswith("//") else "/api/v1" + path, data, headers)
            r = c.getresponse()
            return Answer(r.status, r.headers, r.read())
        finally:
            c.close()

    def get(self, path, **kw):
        return self.request("GET", path, **kw)

    def post(self, path, body=None, **kw):
        return self.request("POST", path, {} if body is None and kw.get("raw") is None else body, **kw)


class Cell:
    def __init__(self, programs, data=None, kind="real"):
        self.programs = os.path.abspath(programs)
        self.dir = tempfile.mkdtemp(prefix="weibao-cell-")
        self.data = data or os.path.join(self.dir, "data")
        self.kind = kind
        self.port = free_port()
        self.up = None

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.logs()
            self.stop()
            raise
        return self

    def __exit__(self, kind, value, trace):
        if kind:
            self.logs()
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def start(self):
        os.makedirs(self.data, mode=0o700, exist_ok=True)
        mark = os.path.join(self.data, "kind")
        if not os.path.exists(mark):
            with open(mark, "w") as f:
                f.write(self.kind + "\n")
        self.up = subprocess.Popen(
            [os.path.join(self.programs, "weibao-up"), "--data", self.data, "--listen", "127.0.0.1:%d" % self.port],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=open(os.path.join(self.dir, "up.log"), "ab"))
        self.wait_ready()

    def stop(self):
        if self.up and self.up.poll() is None:
            self.up.send_signal(signal.SIGTERM)
            try:
                self.up.wait(40)
            except subprocess.TimeoutExpired:
                self.up.kill()
                fail("weibao-up did not stop")
        self.up = None

    def restart(self):
        self.stop()
        self.start()

    def wait_ready(self, patience=READY_S):
        until = time.monotonic() + patience
        nobody = Person(self)
        while True:
            if self.up.poll() is not None:
                fail("weibao-up ended with %s" % self.up.returncode)
            try:
                if nobody._once("GET", "//readyz", None, {}).status == 200:
                    return
            except (OSError, http.client.HTTPException):
                pass
            if time.monotonic() > until:
                fail("not ready after %d s" % patience)
            time.sleep(0.05)

    def logs(self):
        folder = os.path.join(self.data, "log")
        names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
        for path in [os.path.join(self.dir, "up.log")] + [os.path.join(folder, n) for n in names]:
            with open(path, errors="replace") as f:
                tail = f.readlines()[-12:]
            sys.stderr.write("--- %s\n%s" % (path, "".join(tail)))

    def pid(self, name):
        """The process of that name under our supervisor; None while it is down."""
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                with open("/proc/%s/stat" % entry) as f:
                    parent = int(f.read().rsplit(")", 1)[1].split()[1])
                with open("/proc/%s/cmdline" % entry) as f:
                    program = f.read().split("\0")[0]
            except (OSError, IndexError, ValueError):
                continue
            if parent == self.up.pid and program.endswith("/weibao-" + name):
                return int(entry)
        return None

    def kill(self, name, number=signal.SIGKILL):
        """Kills a process; returns once it is gone. weibao-up starts it again."""
        pid = self.pid(name)
        if pid is None:
            return
        os.kill(pid, number)
        until = time.monotonic() + 20
        while self.pid(name) == pid and time.monotonic() < until:
            time.sleep(0.01)

    # ---- people ----

    def nobody(self):
        return Person(self)

    def first_code(self):
        with open(os.path.join(self.data, "identity", "private", "first-run-code")) as f:
            return f.read().strip()

    def sign_in(self, login, password=PASSWORD):
        who = Person(self)
        a = who.post("/sign-in", {"login": login, "password": password}).well()
        cookie = re.match(r"(weibao_session=[^;]+)", a.headers["Set-Cookie"]).group(1)
        who.headers = {"Cookie": cookie, "X-CSRF-Token": a.json["csrf"]}
        who.account_id = a.json.get("accountId")
        return who

    def first_administrator(self, login="admin"):
        self.nobody().post("/first-run", {
            "code": self.first_code(), "login": login, "displayName": "管理员", "password": PASSWORD}).well()
        return self.sign_in(login)

    def account(self, admin, home, login, grants, name=None, person=None):
        """Makes an account with grants {tenant: roles}, sets its password with the one-time code, signs in."""
        body = {"login": login, "displayName": name or login, "roles": grants.get(home, [])}
        if person:
            body["personId"] = person
        made = admin.post("/tenants/%s/accounts" % home, body).well()
        for tenant, roles in grants.items():
            if tenant != home:
                admin.post("/tenants/%s/accounts/%s/roles" % (home, made.json["accountId"]),
                           {"inTenant": tenant, "roles": roles}).well()
        self.nobody().post("/set-password", {"login": login, "code": made.json["code"], "password": PASSWORD}).well()
        return self.sign_in(login)

    def link(self, text):
        return Person(self, {"Weibao-Link": text})
