"""Looks at documents that practices made or scanned: PDFs and pictures, and the codes on them.

Whatever is in them was made by somebody else, so all of it runs in a process of its own
(`libs.runtime.apart`): the rest of ingest imports `looking` for its words and nothing more.
"""
