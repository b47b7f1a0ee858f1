"""Without Ray, as in `make test-python`, there is nothing to collect here."""
import importlib.util

if importlib.util.find_spec("ray") is None:
    collect_ignore_glob = ["test_*.py"]
