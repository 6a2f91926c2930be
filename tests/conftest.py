"""Fixtures for all tests: the engines, and a scene to tell lies to."""

pytest_plugins = ["tests.engines", "tests.lies"]
