"""Factoring: whose money it is.

Owns the Claim (one per invoice), the member's Account (one per practice and month), the Receipt.
Hears invoices and their money from invoicing, disputes and hand-overs from dunning, contracts.
Says ClaimTransmitted, FeeCharged, AdvanceCredited, MemberCredited, MemberDebited,
ClaimChargedBack, ClaimClosed and ReceiptParked, each with postings that sum to zero.
"""
