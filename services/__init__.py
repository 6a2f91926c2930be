"""Bounded contexts, one package each; they know each other only through libs.events."""
