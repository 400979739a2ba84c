#!/usr/bin/env python3
"""Runs clang-tidy or cppcheck on every C file, in parallel, and only where something changed.

cached.py tidy|cppcheck BUILD_DIR

A file is clean under a key: a hash of the tool's version and settings, the file, and every file of ours that it
includes, however deep (generated headers count through the .proto they come from). Clean keys are kept as empty files in
build/lint-cache; what was found is never kept, so it is found again until it is gone.
"""
import concurrent.futures
import hashlib
import json
import os
import re
import subprocess
import sys

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
CACHE = os.path.join(ROOT, "build/lint-cache")
KEPT_MAX = 20000
INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.M)
# cppcheck sees one file and no system headers: what a function without a body does to its arguments it only guesses, so
# uninitialised variables are left to the compilers. readdir() is sound on a DIR of one's own.
NOISE = ["uninitvar", "legacyUninitvar", "ctuuninitvar", "internalAstError", "readdirCalled", "missingInclude",
         "unmatchedSuppression", "arrayIndexOutOfBounds:tests/*"]
CPPCHECK = ["cppcheck", "--quiet", "--std=c11", "--platform=unix64", "--library=posix", "--enable=warning,portability,performance",
            "--inline-suppr", "--error-exitcode=1", *(f"--suppress={id}" for id in NOISE),
            "--template={file}:{line}: {severity}: {message} [{id}]", "-D_GNU_SOURCE", "-Ilibs", "-I."]
TIDY = ["clang-tidy", "--quiet", "--extra-arg=-Wno-error", "--extra-arg=-Wno-unknown-warning-option"]


class Sources:
    """Content and includes of our files, each read once."""

    def __init__(self):
        self.memo = {}

    def read(self, path):
        if path not in self.memo:
            try:
                with open(os.path.join(ROOT, path), "rb") as file:
                    text = file.read()
            except OSError:
                text = None
            found = [m.decode() for m in INCLUDE.findall(text)] if text is not None and path.endswith((".c", ".h", ".def")) else []
            self.memo[path] = (text, found)
        return self.memo[path]

    def resolve(self, folder, name):
        proto = "proto/" + name.replace(".pb-c.h", ".proto")
        for path in (os.path.join(folder, name), "libs/" + name, name, proto):
            path = os.path.normpath(path)
            if not path.startswith("..") and self.read(path)[0] is not None:
                return path
        return None

    def closure(self, path):
        seen, todo = set(), [path]
        while todo:
            path = todo.pop()
            if path in seen:
                continue
            seen.add(path)
            for name in self.read(path)[1]:
                target = self.resolve(os.path.dirname(path), name)
                if target:
                    todo.append(target)
        return sorted(seen)

    def key(self, path, salt):
        digest = hashlib.sha256(salt)
        for part in self.closure(path):
            digest.update(part.encode() + b"\0" + hashlib.sha256(self.read(part)[0]).digest())
        return digest.hexdigest()


def tracked(*patterns):
    out = subprocess.run([os.path.join(ROOT, "tools/lint/files.sh"), *patterns], check=True, capture_output=True, text=True)
    return out.stdout.split()


def built(build):
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        return {os.path.relpath(os.path.realpath(os.path.join(e["directory"], e["file"])), ROOT) for e in json.load(file)}


def commands(tool, build):
    """(files, command before the file, what the result depends on beside the sources)."""
    files = tracked("*.c")
    if tool == "cppcheck":
        version = subprocess.run(["cppcheck", "--version"], check=True, capture_output=True).stdout
        return files, CPPCHECK, version + "\0".join(CPPCHECK).encode()
    known = built(build)
    for path in files:
        if path not in known:
            print(f"{path}: in no target of this build, so not looked at")
    config = b""
    for path in tracked(".clang-tidy", "*/.clang-tidy", "cmake/WbBuild.cmake"):
        with open(os.path.join(ROOT, path), "rb") as file:
            config += path.encode() + b"\0" + file.read()
    version = subprocess.run(["clang-tidy", "--version"], check=True, capture_output=True).stdout
    command = TIDY + ["-p", build]
    return [f for f in files if f in known], command, version + config + "\0".join(TIDY).encode()


def run_one(command, path):
    done = subprocess.run(command + [path], cwd=ROOT, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def prune():
    kept = [os.path.join(CACHE, name) for name in os.listdir(CACHE)]
    if len(kept) > KEPT_MAX:
        kept.sort(key=os.path.getmtime)
        for path in kept[:len(kept) // 2]:
            os.unlink(path)


def main(argv):
    tool, build = argv[1], os.path.realpath(argv[2])
    os.makedirs(CACHE, exist_ok=True)
    files, command, salt = commands(tool, build)
    sources = Sources()
    keys = {path: f"{tool}-{sources.key(path, salt)}" for path in files}
    dirty = [path for path in files if not os.path.exists(os.path.join(CACHE, keys[path]))]
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for path, (status, out, err) in zip(dirty, pool.map(lambda p: run_one(command, p), dirty)):
            if status == 0:
                open(os.path.join(CACHE, keys[path]), "w", encoding="ascii").close()
                continue
            bad += 1
            # What clang-tidy says on stderr is «n warnings generated», unless it could not run at all.
            print((out + (err if tool == "cppcheck" or not out else "")).rstrip().replace(ROOT + "/", ""))
    prune()
    print(f"{len(files)} files, {len(dirty)} looked at, {bad} with findings")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
