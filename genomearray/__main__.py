"""``python -m genomearray``: the command line."""

from genomearray.cli.start import start

if __name__ == "__main__":
    start()
