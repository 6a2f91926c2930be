"""The gateway's four aggregates: practices, users, API clients, and persons to be forgotten."""
