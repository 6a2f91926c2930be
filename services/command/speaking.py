"""How the command speaks: values as JSON, refusals as a sentence and an exit code."""

import json
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from rich.console import Console

from libs.runtime.engines import UnsafeSetUp

console = Console(stderr=True)
EXIT_FAILED = 1
EXIT_UNSAFE = 2


def careful(command: Callable[..., Any]) -> Callable[..., Any]:
    """Say what to change where the program refuses to work like this."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        from libs.runtime import log  # noqa: PLC0415 - `--help` needs none of it

        log.configure("info")  # to standard error: what is printed may be read by a program
        try:
            return command(*args, **kwargs)
        except UnsafeSetUp as error:
            console.print(f"[red]quittance:[/red] {error}", highlight=False)
            sys.exit(EXIT_UNSAFE)

    return run


def say(value: Any) -> None:
    """Print a value as JSON."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))
