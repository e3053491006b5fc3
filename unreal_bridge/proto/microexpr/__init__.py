"""Protocols of microexpr, by version."""
