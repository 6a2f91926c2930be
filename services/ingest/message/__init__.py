"""An invoice message: bytes of XML to one canonical invoice, or every finding. Pure."""
