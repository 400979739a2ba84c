"""weibao-up: starts what dies again, ends in order, one a folder, and a demo stays a demo."""

import os
import signal
import subprocess
import sys
import time

from cell import Cell, wait_until

NAMES = ["journal", "identity", "intake", "dispatch", "sla-timer", "survey", "reporting", "gateway"]


def refused(cell, *args):
    return subprocess.run([os.path.join(cell.programs, "weibao-up"), *args], stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, timeout=20)


def main(programs):
    with Cell(programs) as cell:
        first = {name: cell.pid(name) for name in NAMES}
        assert all(first.values()), first
        r = refused(cell, "--data", cell.data, "--listen", "127.0.0.1:1")
        assert r.returncode == 3 and "another weibao-up" in r.stderr, r
        for name in NAMES:
            os.kill(first[name], signal.SIGKILL)
            wait_until(lambda: cell.pid(name) not in (None, first[name]), "%s again" % name)
        cell.wait_ready()
        assert cell.nobody().get("/first-run").json == {"needed": True}

        begun = time.monotonic()
        cell.stop()
        assert time.monotonic() - begun < 30
        text = open(os.path.join(cell.dir, "up.log")).read()
        last = {name: text.rindex('"%s ended' % name) for name in NAMES}
        assert last["gateway"] == min(last.values()) and last["journal"] == max(last.values()), last

        # nothing outlives a supervisor that is killed
        cell.start()
        pids = [cell.pid(name) for name in NAMES]
        cell.up.kill()
        cell.up.wait()
        wait_until(lambda: not any(os.path.exists("/proc/%d" % p) for p in pids), "all gone", 40)
        cell.start()

    demo = Cell(programs, kind="demo")
    os.makedirs(demo.data)
    with open(os.path.join(demo.data, "kind"), "w") as f:
        f.write("demo\n")
    r = refused(demo, "--data", demo.data, "--listen", "127.0.0.1:1", "--empty")
    assert r.returncode == 3 and "stays one" in r.stderr, r
    with open(os.path.join(demo.data, "kind"), "w") as f:
        f.write("holiday pictures\n")
    assert refused(demo, "--data", demo.data, "--listen", "127.0.0.1:1").returncode == 3
    assert refused(demo, "--data", demo.dir + "/none", "--listen", "127.0.0.1:1").returncode == 3
    assert refused(demo, "--listen", "127.0.0.1:1").returncode == 2
    print("1 passed")


if __name__ == "__main__":
    main(sys.argv[1])
