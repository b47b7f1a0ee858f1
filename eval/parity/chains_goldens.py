"""Golden data for the tests of sentence-transformers folders: chains of modules, and what becomes of embeddings after.

    HF_HUB_OFFLINE=1 python eval/parity/chains_goldens.py [chains] [quantised]

Needs numpy, torch, transformers, tokenizers and sentence-transformers. Without arguments all are made.
"""

import os
import shutil
import sys
import tempfile

import numpy as np
import torch
from encoders_goldens import randomise
from models_goldens import golden, passages, short, write

TEXTS = ["a", "", "Where IS the tower?", "e=mc²: naïve café, 北京 🙂"]


def word_pieces(folder, length):
    """A tokenizer of single letters."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    letters = "abcdefghijklmnopqrstuvwxyzIS.,:?"
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *letters, *("##" + c for c in letters)]
    tokenizer = Tokenizer(models.WordPiece({w: i for i, w in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, cls_token="[CLS]", sep_token="[SEP]", pad_token="[PAD]",
                            unk_token="[UNK]", model_max_length=length).save_pretrained(folder)
    return len(words)


def chains():
    from sentence_transformers import SentenceTransformer
    from sentence_transformers import models as modules
    from sentence_transformers.sentence_transformer.modules import LayerNorm
    from transformers import DistilBertConfig, DistilBertModel, T5Config, T5EncoderModel

    def distilbert(base, seed):
        words = word_pieces(base, 30)
        randomise(DistilBertModel(DistilBertConfig(
            vocab_size=words, dim=16, n_layers=1, n_heads=2, hidden_dim=24, max_position_embeddings=40)),
            seed).save_pretrained(base)

    def t5(base, seed):
        words = word_pieces(base, 64)
        randomise(T5EncoderModel(T5Config(
            vocab_size=words, d_model=16, d_kv=6, d_ff=24, num_layers=1, num_heads=2, pad_token_id=0, eos_token_id=3,
            feed_forward_proj="gated-gelu")), seed).save_pretrained(base)

    prompts = {"query": "seek it: ", "document": ""}
    every = ["weightedmean", "lasttoken", "max", "cls", "mean_sqrt_len_tokens"]
    gelu, identity, relu = torch.nn.GELU(), torch.nn.Identity(), torch.nn.ReLU()
    # Name, encoder, longest text, modules behind the transformer, prompts.
    chains = [
        ("norm-then-dense", distilbert, None, [
            modules.Pooling(16, "mean", include_prompt=False), LayerNorm(16), modules.Normalize(),
            modules.Dense(16, 12, activation_function=gelu), modules.Dropout(0.5),
            modules.Dense(12, 12, activation_function=relu, use_residual=True)], "query"),
        ("all-poolings", distilbert, 12, [
            modules.Pooling(16, every, include_prompt=False), LayerNorm(80),
            modules.Dense(80, 10, bias=False, activation_function=identity, use_residual=True), LayerNorm(10),
            modules.Normalize()], None),
        ("sentence-t5", t5, None, [
            modules.Pooling(16, "mean"), modules.Dense(16, 12, bias=False, activation_function=identity),
            modules.Normalize()], None),
    ]
    for seed, (name, encoder, length, rest, standard) in enumerate(chains, 40):
        with tempfile.TemporaryDirectory() as base:
            encoder(base, seed)
            transformer = modules.Transformer(base, max_seq_length=length)
            for offset, module in enumerate(rest):
                randomise(module, 100 * seed + offset)
            model = SentenceTransformer(modules=[transformer, *rest], prompts=prompts, default_prompt_name=standard,
                                        similarity_fn_name="dot" if standard else "cosine", device="cpu")
            folder = golden("Embeddings", name)
            shutil.rmtree(folder, ignore_errors=True)
            model.save(folder, create_model_card=False)
        texts = TEXTS + passages(1)
        rows = []
        for text in texts:
            row = {"text": text, "vector": short(model.encode(text, prompt=None)),
                   "query": short(model.encode(text, prompt_name="query")),
                   "document": short(model.encode(text, prompt="")),
                   "truncated": short(model.encode(
                       text, truncate_dim=7, normalize_embeddings=isinstance(rest[-1], modules.Normalize)))}
            rows.append(row)
        write(f"{folder}/golden.json", rows)


def quantised():
    from sentence_transformers.util.quantization import quantize_embeddings

    random = np.random.default_rng(9)
    rows = random.standard_normal((9, 11)).astype(np.float32)
    rows[:, 3] = 0.25  # a dimension without a range
    rows[2] = 0
    out = {"rows": [short(row) for row in rows]}
    for precision in ("int8", "uint8", "binary", "ubinary"):
        out[precision] = quantize_embeddings(rows, precision).tolist()
    out["ranges"] = [short(rows.min(axis=0)), short(rows.max(axis=0))]
    write(golden("Embeddings", "quantised.json"), out)


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    for name in sys.argv[1:] or ["chains", "quantised"]:
        globals()[name]()
