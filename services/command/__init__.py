"""What the command `quittance` is made of; the only package that knows all services."""
