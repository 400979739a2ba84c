#!/usr/bin/env python3
"""Reads «ROOM OBJECT» lines (ROOM - for none) and checks what the objects with a room name outside themselves.

A symbol that another object of the same folder defines is the room's own: that object is then checked too, as a whole
and in the same room. So a decision may call tables.c, but not a tables.c that calls time().
"""
import fnmatch
import os
import subprocess
import sys


def symbols(path):
    """What an object defines and what it lacks."""
    out = subprocess.run(["nm", "--format=posix", path], check=True, capture_output=True, text=True).stdout
    defined, lacking = set(), set()
    for line in out.splitlines():
        name, kind = line.split()[:2]
        if kind in "Uw":
            lacking.add(name)
        elif kind.isupper():
            defined.add(name)
    return defined, lacking


def rules(path):
    allow, deny = [], []
    for line in open(path, encoding="utf-8"):
        if line.strip() and not line.startswith("#"):
            room, verdict, pattern = line.split()
            (allow if verdict == "allow" else deny).append((room, pattern))
    return allow, deny


def matches(room, symbol, patterns):
    return any(r in ("all", room) and fnmatch.fnmatchcase(symbol, p) for r, p in patterns)


def main():
    allow, deny = rules(sys.argv[1])
    root = sys.argv[2].rstrip("/") + "/"
    objects = [line.split(None, 1) for line in sys.stdin.read().splitlines()]
    table = {path: symbols(path) for _, path in objects}
    makers = {}
    for path, (defined, _) in table.items():
        for s in defined:
            makers[(folder(path), s)] = path
    todo = [(room, path) for room, path in objects if room != "-"]
    seen, bad = set(), set()
    while todo:
        room, path = todo.pop()
        if (room, path) in seen:
            continue
        seen.add((room, path))
        name = path[len(root):] if path.startswith(root) else path
        for s in table[path][1]:
            maker = makers.get((folder(path), s))
            if matches(room, s, deny):
                bad.add(f"{name}: {room} may not name {s}")
            elif maker:
                todo.append((room, maker))
            elif not matches(room, s, allow):
                bad.add(f"{name}: {room} may not name {s} (not in purity.allow)")
    for line in sorted(bad):
        print(line)
    print(f"{len(seen)} objects")
    return 1 if bad else 0


def folder(path):
    """The room's own folder in the build: …/services/intake/CMakeFiles/wb_svc_intake.dir, sub-folders included."""
    head = path.split(".dir/")[0]
    return head if head != path else os.path.dirname(path)


sys.exit(main())
