"""The command line: train a network, evaluate it, and ask it about an image.

    python -m nn train --data digits --epochs 30 --out run
    python -m nn evaluate run
    python -m nn predict run image.png

Results go to standard output, progress and errors to standard error. Whatever it does,
a few lines with `nn` do as well: each command is one module here.
"""

from nn.cli.main import main

__all__ = ["main"]
