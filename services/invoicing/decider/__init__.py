"""The rules of two aggregates: the invoice, and bank money that belongs to none. Pure."""
