"""Messages that the OpenAPI document shows: small, whole, and taken as they stand."""

from importlib.resources import files


def example(name: str) -> str:
    """Return an example by the name of its file."""
    return (files("services.gateway.api.examples") / name).read_text(encoding="utf-8")
