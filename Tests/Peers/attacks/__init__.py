"""Attacks on a live `sealift`, one function each.

Each knows the answer docs/PROTOCOL.md promises: silence, a close code, or a session that goes on
unharmed. An attack that gets another answer raises `Unexpected`.
"""
