"""The door of the cooperative: practices, people, keys, and what all of them may see.

Owns: practices and their dated settings, portal users, API clients, sessions and tokens.
Hears: every public event, into read tables. Opens nothing but who an invoice is for.
Says: PracticeRegistered, PracticeConfigured, SubjectErased.
The only service that practices, partners and browsers reach; it asks the others on their behalf.
"""
