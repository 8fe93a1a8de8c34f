"""A second implementation of the sealift protocol, written from docs/PROTOCOL.md alone.

It shares no code with the product, which is its point: where the two disagree, the document, the
product or this package is wrong. It favours being read over being fast.
"""
