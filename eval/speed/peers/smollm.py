"""SmolLM2 for the peers: smollm.path(), smollm.tokenizer(), smollm.prompt(query)."""
import models
from transformers import AutoTokenizer


def path() -> str:
    return f"{models.folder(models.SMOLLM)}/{models.SMOLLM_FILE}"


def tokenizer():
    """The tokenizer that the GGUF file holds; it adds no special tokens."""
    return AutoTokenizer.from_pretrained(models.folder(models.SMOLLM), gguf_file=models.SMOLLM_FILE)


def prompt(query: str) -> str:
    """What Trawl's standard recipe gives the model before it writes n-grams of passages."""
    return f"Question: {query}\nPassage:"
