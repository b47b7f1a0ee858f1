"""Where Trawl's models lie: models.folder("all-MiniLM-L6-v2")."""
import os

# Peers load models from folders; without this some of them ask a hub about them first.
os.environ["HF_HUB_OFFLINE"] = "1"

MINILM = "all-MiniLM-L6-v2"
SMOLLM = "smollm2-135m-instruct"
SMOLLM_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"


def folder(name: str) -> str:
    """The folder of a model that `make models` brings."""
    home = os.environ.get("TRAWL_HOME") or os.path.expanduser("~/.cache/trawl")
    return f"{home}/models/{name}"
