"""Fixtures for all tests; the engines are in tests/engines.py."""

pytest_plugins = ["tests.engines"]
