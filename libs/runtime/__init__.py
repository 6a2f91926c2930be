"""The machinery under every service: log, writer, feeds, effects, web. Knows no billing."""
