"""Ingest: what came in, byte for byte, and whether it can be used.

Owns: invoice messages (`submission`), archives of many (`job`), the bank's files and each receipt
in them (`credit`), expected deliveries (`delivery`), insurers' answers (`answer`),
scans (`sheet`), practices' own sheets (`sheettemplate`) and the lists that prices are made of
(`tariffs`).
Hears: PracticeRegistered (which GLNs, ZSR numbers and account numbers belong to whom),
PracticeConfigured (when a practice hands in).
Says: SubmissionAccepted, SubmissionRejected, InsurerAnswered, BatchMissing, BankCreditBooked,
BankCreditReversed.
Reads: `message/` (generalInvoiceRequest 4.3 to 5.0), `bodies/` (JSON), `responses/` (insurers)
and `bank/` (camt.054).
"""
