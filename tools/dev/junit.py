#!/usr/bin/env python3
"""Reads the JUnit file of one ctest run: «totals PASSED FAILED SKIPPED» and a line «failed NAME» for each failure."""
import sys
import xml.etree.ElementTree as tree


def main(path):
    try:
        cases = list(tree.parse(path).getroot().iter("testcase"))
    except (OSError, tree.ParseError) as error:
        print(f"junit: {path}: {error}", file=sys.stderr)
        return 1
    # Whatever ctest could not run to a good end is failed; only what said so itself is skipped.
    skipped = [c for c in cases if c.get("status") in ("notrun", "disabled") and c.find("skipped") is not None
               and "SKIP" in (c.find("skipped").get("message") or "")]
    passed = [c for c in cases if c.get("status") == "run"]
    failed = [c for c in cases if c not in skipped and c not in passed]
    print("totals", len(passed), len(failed), len(skipped))
    for case in failed:
        print("failed", case.get("name"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
