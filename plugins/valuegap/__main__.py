"""`python -m valuegap`, the same as the `valuegap` command."""

from valuegap.cli import main

main()
