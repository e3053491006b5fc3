"""The wire: what the build makes of it lies beside it."""
