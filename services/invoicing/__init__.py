"""Invoicing owns the invoice from issue to settlement, its documents, and the matching of money.

Hears: SubmissionAccepted, BankCreditBooked, BankCreditReversed; PracticeRegistered and -Configured.
Says: InvoiceIssued, InvoiceDispatched, PatientCopySent, PaymentReceived, PaymentReversed,
InvoiceSettled, InvoiceCancelled, CreditUnmatched, ReversalUnmatched.
"""
