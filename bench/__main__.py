"""`python -m bench [NAME...]`: run the named benchmarks, or all, and print their figures."""

import sys
from importlib import import_module

NAMES = ("reading", "store", "intake", "chain", "documents")


def main() -> None:
    for name in sys.argv[1:] or NAMES:
        module = import_module(f"bench.{name}")
        print(f"\n{name}: {str(module.__doc__).splitlines()[0]}")
        for figure in module.figures():
            print(figure.line(), flush=True)


if __name__ == "__main__":
    main()
