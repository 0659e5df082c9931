"""``python -m archsim``: the same as the console script."""

from archsim.cli.main import main

main()
