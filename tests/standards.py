"""The official schemas beside the repository; never copied into it.

Where the folder is not there the test is skipped with one line; under CI=true it fails instead.
"""

import os
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

STANDARDS = Path(__file__).parents[2] / "shared" / "standards"


def standard(name: str) -> Path:
    """Return a file of the standards, such as `iso20022/camt.054.001.08.xsd`."""
    path = STANDARDS / name
    if not path.exists():
        reason = f"the official file {name} is not in {STANDARDS}"
        if os.environ.get("CI") == "true":  # noqa: TID251 - the test run's own environment
            pytest.fail(f"under CI=true this must run: {reason}", pytrace=False)
        pytest.skip(reason)
    return path


@cache
def schema(name: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(standard(name)))


def violations(name: str, data: bytes) -> list[str]:
    """Return what the official schema finds wrong in a message."""
    xsd = schema(name)
    xsd.validate(etree.fromstring(data))
    return [error.message for error in xsd.error_log]  # type: ignore[attr-defined]  # stubs
