#!/usr/bin/env python3
"""Fills in which tests cover which case in docs/security-coverage.md.

    scripts/security-coverage.py            says what would change; exit code 1 if anything
    scripts/security-coverage.py --write    changes it

A case is covered by the test code that carries its id: files below a folder `tests` or below
conformance-tests/, and what follows `#[cfg(test)]` elsewhere. Titles and notes are written by hand
and stay as they are. A case that has lost its tests becomes `open`, which tests/security_coverage.rs
refuses: write a test, or say what the case waits for (`deferred`), or why it can't happen here
(`not applicable`).
"""

import difflib
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "security-coverage.md"
AREAS = (
    "RED|TKT|XML|OID|SES|ENM|BRU|CAP|SMS|OTP|REC|PWD|BND|WCM|MFA|ADM|IMP|AUD|NET|INJ|PRT|FLT|PRV"
)
ID = re.compile(rf"\b(?:{AREAS})-[0-9]{{2}}\b")
ROW = re.compile(rf"^\| ((?:{AREAS})-[0-9]{{2}}) \|")
# The files that speak of ids without covering them.
OWN = {"tests/security_coverage.rs"}


def sources():
    """Every Rust file of the project, by its path from the root."""
    for path in sorted(ROOT.rglob("*.rs")):
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith("target/") and name not in OWN:
            yield name, path.read_text(encoding="utf-8")


def test_code(name, text):
    """The part of a file that tests: all of it, or what follows `#[cfg(test)]`."""
    folders = name.split("/")
    if "tests" in folders[:-1] or folders[0] == "conformance-tests" or folders[-1] == "tests.rs":
        return text
    return text.partition("#[cfg(test)]")[2]


def covered():
    """Id -> the files that test it."""
    tests = {}
    for name, text in sources():
        for case in set(ID.findall(test_code(name, text))):
            tests.setdefault(case, []).append(name)
    return tests


def update(line, tests):
    """A row of the table, with today's tests."""
    case, severity, title, state, _, note = [c.strip() for c in line.strip().strip("|").split("|")]
    files = tests.get(case, [])
    if files:
        state = "test"
    elif state == "test":
        state = "open"
    cells = [case, severity, title, state, "<br>".join(f"`{f}`" for f in files), note]
    return "| " + " | ".join(cells) + " |\n"


def main():
    tests = covered()
    before = PAGE.read_text(encoding="utf-8").splitlines(keepends=True)
    after = [update(line, tests) if ROW.match(line) else line for line in before]
    known = {ROW.match(line).group(1) for line in after if ROW.match(line)}
    for case in sorted(set(tests) - known):
        print(f"{case} is in {', '.join(tests[case])}, but not in the page", file=sys.stderr)
    states = [line.split("|")[4].strip() for line in after if ROW.match(line)]
    print(", ".join(f"{state}: {states.count(state)}" for state in sorted(set(states))))
    if "--write" in sys.argv[1:]:
        PAGE.write_text("".join(after), encoding="utf-8")
        return 0
    changes = list(difflib.unified_diff(before, after, "page", "sources", n=0))
    sys.stdout.writelines(changes)
    return 1 if changes else 0


if __name__ == "__main__":
    sys.exit(main())
