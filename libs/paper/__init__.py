"""What is printed: QR-bill, letters, invoices as PDF/A. Knows paper and languages, no database."""
