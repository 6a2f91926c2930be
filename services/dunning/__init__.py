"""Dunning: the way from due to paid, or to collection.

Owns the Case, one per invoice: its ladder, holds, calls and letters.
Hears InvoiceIssued, PaymentReceived, PaymentReversed, InvoiceSettled, InvoiceCancelled.
Says CaseOpened, ReminderEscalated, ReminderDispatched, HoldPlaced, HoldLifted, CallRecorded,
PartPaid, CollectionRequested, DunningStopped and DunningResumed.
"""
