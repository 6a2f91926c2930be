"""What came in: messages of practices, and the bank's files with their receipts."""
