"""The verbs of the command line: a file each, which hands over to the package; main.py lists them."""
