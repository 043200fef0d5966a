"""`python -m faussaire` is the command line."""

from faussaire.cli import main

main()
