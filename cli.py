"""`python cli.py …` in a checkout, without installing."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "designer"))

from rewardsmith.cli import main

if __name__ == "__main__":
    main()
