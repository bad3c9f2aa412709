"""The commands that look at a data directory, or change what is in force there; `cli.py` registers them."""
