"""Shipped weights and their model cards."""
