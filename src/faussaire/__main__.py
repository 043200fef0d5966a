"""`python -m faussaire` is the command line."""

from faussaire.cli.main import main

main()
