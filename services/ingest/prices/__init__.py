"""Prices by dated tables: points, values, flat rates, VAT. Pure."""
