"""Models fitted in Python, on histories whose parameters are published or planted."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # importlib mode: test folders are no packages
