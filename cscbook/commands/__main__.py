"""``python -m cscbook.commands`` is ``cscbook``."""

from . import main

main()
