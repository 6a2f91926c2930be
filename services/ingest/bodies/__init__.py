"""Bodies in JSON, read and judged by the rules that messages are judged by. Pure."""
