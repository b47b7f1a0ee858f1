"""Tokenizations in which names of special tokens are text (`encode_special_tokens`), from the `tokenizers` package.

  python split_special_goldens.py GOLDEN   writes GOLDEN/split_special.json; GOLDEN is Tests/TokenizersTests/Golden

Without the unigram models: their pieces have the names among them, so the package makes them special tokens all the same.
"""
import json
import os
import sys
from pathlib import Path

from tokenizers import Tokenizer

TEXTS = ["so </s> it is", "<s>a</s>", "x [SEP] y[MASK]z [CLS]", "a <mask> b", "<|endoftext|>end",
         "<|im_start|>user\nhi<|im_end|>", "<pad><unk> <bos>x<eos>", "[UNK] <|begin_of_text|> [PAD]"]

golden = Path(sys.argv[1])
home = Path(os.environ.get("TRAWL_HOME", Path.home() / ".cache/trawl"))
files = {path.stem: path for path in sorted(golden.glob("tokenizers/*.json"))}
files["minilm"] = home / "models/all-MiniLM-L6-v2/tokenizer.json"
ids = {}
for name, path in files.items():
    if json.loads(path.read_text())["model"]["type"] == "Unigram":
        continue
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = True
    ids[name] = [tokenizer.encode(text, add_special_tokens=False).ids for text in TEXTS]
with open(golden / "split_special.json", "w") as file:
    json.dump({"texts": TEXTS, "ids": ids}, file, ensure_ascii=False)
