"""Damaged indexes, as `eval/reliability/damage.py` makes them: a short run of its two indexes without models."""

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def test_no_command_crashes_hangs_or_launders():
    script = REPOSITORY / "eval/reliability/damage.py"
    seed = os.environ.get("TRAWL_DAMAGE_SEED", "1")
    run = subprocess.run(
        [sys.executable, script, "--short", "--copies", "40", "--seed", seed], capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr
