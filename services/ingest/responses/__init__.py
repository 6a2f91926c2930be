"""The generalInvoiceResponse: what insurers answered, and what practices are answered. Pure."""
