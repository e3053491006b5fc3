"""The app: command line and the main path."""
