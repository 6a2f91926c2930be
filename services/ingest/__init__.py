"""Ingest: what came in, byte for byte, and whether it can be used.

Owns: invoice messages (`submission`), the bank's files and each receipt in them (`credit`).
Hears: PracticeRegistered (which GLNs, ZSR numbers and account numbers belong to whom).
Says: SubmissionAccepted, SubmissionRejected, BankCreditBooked, BankCreditReversed.
Reads: `xml_invoice.py` (generalInvoiceRequest 4.3 to 5.0) and `camt054.py` (bank notifications).
"""
