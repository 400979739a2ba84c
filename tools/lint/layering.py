#!/usr/bin/env python3
"""Who may include whom.

Each folder with C in it, or one above it, has a file .may_include: a line a pattern, «#» begins a comment. A pattern is
matched against what an #include "…" line really names: its path from the root of the project with the include roots
(libs/, the folder of generated code) left out, so «base/err.h», «weibao/v1/common.pb-c.h», «services/journal/core.h».
A line beginning with «!» forbids what an earlier one allows. The idea is Tor's.

And a header named private.h or internal.h is its folder's own: only tests may include it from elsewhere.

layering.py [ROOT] checks; layering.py --self-test proves that a planted violation is found.
"""
import fnmatch
import os
import re
import subprocess
import sys
import tempfile

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')
OWN_HEADERS = ("private.h", "internal.h")


def source_files(root):
    out = subprocess.run([os.path.join(root, "tools/lint/files.sh"), "*.c", "*.h"], check=True, capture_output=True,
                         text=True)
    return out.stdout.split()


def rules_for(root, folder, cache):
    """The patterns of the nearest .may_include at or above folder; None without one."""
    if folder not in cache:
        path = os.path.join(root, folder, ".may_include")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                lines = (line.split("#")[0].strip() for line in file)
                cache[folder] = [line for line in lines if line]
        else:
            cache[folder] = rules_for(root, os.path.dirname(folder), cache) if folder else None
    return cache[folder]


def resolve(root, folder, name):
    """What the compiler would open: beside the file, then libs/, then the root, else generated code."""
    for base in (folder, "libs", ""):
        path = os.path.normpath(os.path.join(base, name))
        if os.path.isfile(os.path.join(root, path)):
            return path[len("libs/"):] if path.startswith("libs/") else path
    return os.path.normpath(name)


def allowed(rules, target):
    verdict = False
    for rule in rules:
        if rule.startswith("!"):
            verdict = verdict and not fnmatch.fnmatchcase(target, rule[1:])
        else:
            verdict = verdict or fnmatch.fnmatchcase(target, rule)
    return verdict


def short(folder):
    return folder[len("libs/"):] if folder.startswith("libs/") else folder


def check_file(root, path, cache):
    folder = os.path.dirname(path)
    rules = rules_for(root, folder, cache)
    if rules is None:
        yield f"{path}: no .may_include in {folder or '.'} or above"
        return
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            target = resolve(root, folder, match.group(1))
            if not allowed(rules, target):
                yield f'{path}:{number}: {short(folder)} may not include "{target}"'
            elif (os.path.basename(target) in OWN_HEADERS and not path.startswith("tests/")
                  and not (short(folder) + "/").startswith(os.path.dirname(target) + "/")):
                yield f'{path}:{number}: "{target}" is private to {os.path.dirname(target)}'


def check(root, files):
    cache, found = {}, []
    for path in files:
        found.extend(check_file(root, path, cache))
    return found


def self_test():
    plan = {
        "libs/base/.may_include": "base/*\n",
        "libs/base/err.h": "",
        "libs/base/err.c": '#include "base/err.h"\n#include "store/env.h"\n',
        "libs/store/.may_include": "base/*\nstore/*\n",
        "libs/store/env.h": '#include "base/err.h"\n',
        "libs/store/private.h": "",
        "services/a/.may_include": "services/a/*\nstore/*\n!store/env.h\n",
        "services/a/core.h": "",
        "services/a/main.c": '#include "core.h"\n#include "store/private.h"\n#include "../b/core.h"\n#include "store/env.h"\n',
        "services/b/core.h": "",
    }
    wanted = ["libs/base/err.c:2:", "services/a/main.c:2:", "services/a/main.c:3:", "services/a/main.c:4:",
              "services/b/core.h: no"]
    with tempfile.TemporaryDirectory() as root:
        for path, text in plan.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(text)
        found = check(root, sorted(p for p in plan if p.endswith((".c", ".h"))))
    good = len(found) == len(wanted) and all(f.startswith(w) for f, w in zip(found, wanted))
    if not good:
        print("layering: the self-test found:", *found, sep="\n  ")
    return 0 if good else 1


def main(argv):
    if argv[1:] == ["--self-test"]:
        return self_test()
    root = argv[1] if len(argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
    found = check(root, source_files(root))
    print(*found, sep="\n" if found else "", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
