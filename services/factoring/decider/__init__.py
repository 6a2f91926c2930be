"""The rules of factoring: a claim, a month of a member's account, money that nobody owns yet."""
