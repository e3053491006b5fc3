"""Rendered clips with known truth."""
