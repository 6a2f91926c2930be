"""What a bank's notification says, each movement in one place. Pure."""
