"""The walk-through of README.md, as it stands there, on a freshly made demo that was just started."""

import os
import re
import subprocess
import sys

from cell import Cell

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def blocks():
    text = open(os.path.join(ROOT, "README.md"), encoding="utf-8").read()
    section = re.search(r"## A fault, from the call to the close\n(.*?)\n## ", text, re.S).group(1)
    found = re.findall(r"```sh\n(.*?)```", section, re.S)
    assert len(found) >= 10, len(found)
    return found


def main(programs):
    programs = os.path.abspath(programs)
    cell = Cell(programs, kind="demo")
    os.makedirs(cell.data)
    with open(os.path.join(cell.data, "kind"), "w") as f:
        f.write("demo\n")
    subprocess.run([os.path.join(programs, "weibao-demo"), "--data", cell.data, "--days", "5"], check=True,
                   stdout=subprocess.DEVNULL)
    with cell:
        script = "set -euo pipefail\n" + "\n".join(blocks())
        env = dict(os.environ, WEIBAO="http://127.0.0.1:%d" % cell.port, WEIBAO_DATA=cell.data, WEIBAO_BIN=programs)
        r = subprocess.run(["bash", "-c", script], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                           timeout=300)
        assert r.returncode == 0, (r.stdout[-3000:], r.stderr[-2000:])
        for expected in ("BACKUP_NOT_SIGNED", "RatingGiven", "DiskFormatted", "0 problem(s)", "开机后蓝屏",
                         "under policy version 1"):
            assert expected in r.stdout, (expected, r.stdout[-3000:])
    print("1 passed")


if __name__ == "__main__":
    main(sys.argv[1])
