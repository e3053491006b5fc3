"""``python -m microexpr``: the command where its script is not on the path."""

from microexpr.cli import main

main()
