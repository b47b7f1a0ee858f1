"""sentence-transformers' time for the texts of the measurement, two threads. The passages are 300 Wikipedia leads.

    HF_HUB_OFFLINE=1 python eval/parity/models_speed.py
"""

import json
import os
import sys
import time


HOME = os.environ.get("TRAWL_HOME", os.path.expanduser("~/.cache/trawl"))
OUT = os.environ.get("PARITY_OUT", "/tmp/trawl-parity")

with open(f"{HOME}/corpora/wikipedia-leads/summaries_en-us.json") as file:
    data = json.load(file)
texts = list(data.values()) if isinstance(data, dict) else data
texts = [t if isinstance(t, str) else t.get("summary") or t.get("text") or json.dumps(t) for t in texts]
texts = [" ".join(t.split()) for t in texts[::33] if t.strip()][:300]
os.makedirs(OUT, exist_ok=True)
with open(f"{OUT}/speed-texts.txt", "w") as file:
    file.write("\n".join(texts) + "\n")

import torch  # noqa: E402
from sentence_transformers import SentenceTransformer  # noqa: E402

torch.set_num_threads(2)
model = SentenceTransformer(f"{HOME}/models/all-MiniLM-L6-v2", device="cpu")
model.encode(texts[:8])
start = time.time()
model.encode(texts, batch_size=32)
took = time.time() - start
tokens = sum(min(256, len(model.tokenizer(t)["input_ids"])) for t in texts)
print(f"sentence-transformers: {len(texts)} texts, {tokens} tokens in {took:.2f} s, {tokens / took:.0f} tokens/s")
