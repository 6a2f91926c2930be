"""`python -m bench [--record] [NAME...]`: run the named benches, or all, and print their figures.

What is printed is what is measured: a figure that is wanted and not reached is marked, and the
command ends well all the same, as a slow machine is no fault. `--record` also writes the tables of
these benches into docs/performance.md and leaves those of the others as they stand.
"""

import argparse

from bench import record
from bench.benches import NAMES, benches


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--record", action="store_true", help="write docs/performance.md")
    given = parser.parse_args()
    if wrong := sorted(set(given.names) - set(NAMES)):
        parser.error(f"no bench is called {', '.join(wrong)}")
    for bench in benches(given.names):
        section = record.Section(name=bench.name, title=bench.title, machine=record.machine())
        print(f"\n{bench.name}: {bench.title}  ({section.machine})", flush=True)
        for figure in bench.figures():
            print(figure.line(), flush=True)
            section.figures.append(figure)
            if given.record:  # line by line: what was measured stands, whatever comes after
                record.write(section)


if __name__ == "__main__":
    main()
