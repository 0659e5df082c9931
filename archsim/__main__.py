"""``python -m archsim``: the same as the console script."""

from archsim.cli_main import main

main()
