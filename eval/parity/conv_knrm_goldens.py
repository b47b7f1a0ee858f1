"""Golden data for Conv-KNRM: a tiny ranker with scores and gradients of a plain PyTorch implementation.

    python eval/parity/conv_knrm_goldens.py

Needs torch, safetensors, numpy and tokenizers. Written from the formulas of Dai et al. 2018 (doi 10.1145/3159652.3159659), without a
non-linearity behind the convolutions: torch's own convolution over texts padded on the right, cosines, kernels, logarithms.
"""

import json
import os

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDER = f"{ROOT}/Tests/RerankingTests/Golden/tiny-conv-knrm"
HIDDEN, FILTERS, WIDTHS, KERNELS = 12, 8, 3, 11
WORDS = "the tower of a city river bridge water and who built in is over".split()
PAIRS = [
    ("who built the tower", "the tower of the city"),
    ("river", "water and the river of the city bridge"),
    ("the bridge over the river", "who built the bridge over the river in the city is the tower"),
    ("the tower", "tower"),
    ("city", ""),
]


def make_tokenizer():
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + WORDS
    tokenizer = Tokenizer(models.WordPiece({token: id for id, token in enumerate(tokens)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(tokens[:5])
    ends = [("[CLS]", 2), ("[SEP]", 3)]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ends)
    return tokenizer


def make_weights(vocabulary):
    torch.manual_seed(1)
    weights = {"embeddings.word_embeddings.weight": torch.randn(vocabulary, HIDDEN)}
    for width in range(1, WIDTHS + 1):
        for place in range(width):
            weights[f"convolutions.{width}.{place}.weight"] = torch.randn(FILTERS, HIDDEN) / (width * HIDDEN) ** 0.5
        weights[f"convolutions.{width}.bias"] = torch.randn(FILTERS) / 10
    weights["kernels.means"] = torch.tensor([-0.9 + 0.2 * kernel for kernel in range(KERNELS - 1)] + [1.0])
    weights["kernels.deviations"] = torch.tensor([0.1] * (KERNELS - 1) + [0.001])
    weights["output.weight"] = torch.randn(1, WIDTHS * WIDTHS * KERNELS) / 10
    weights["output.bias"] = torch.randn(1)
    return weights


def ngrams(weights, ids, width):
    if not ids:
        return torch.zeros(0, FILTERS, dtype=torch.float64)
    states = weights["embeddings.word_embeddings.weight"][ids]
    states = torch.nn.functional.pad(states, (0, 0, 0, width - 1))
    kernel = torch.stack([weights[f"convolutions.{width}.{place}.weight"] for place in range(width)], dim=-1)
    result = torch.nn.functional.conv1d(states.T[None], kernel, weights[f"convolutions.{width}.bias"])[0].T
    return torch.nn.functional.normalize(result, dim=-1)


def score(weights, query, passage):
    features = []
    for of_query in range(1, WIDTHS + 1):
        for of_passage in range(1, WIDTHS + 1):
            cosines = ngrams(weights, query, of_query) @ ngrams(weights, passage, of_passage).T
            distances = cosines[None] - weights["kernels.means"][:, None, None]
            responses = torch.exp(-(distances**2) / (2 * weights["kernels.deviations"][:, None, None] ** 2))
            features.append(torch.log(1e-6 + responses.sum(-1)).sum(-1))
    return (torch.cat(features) @ weights["output.weight"].T + weights["output.bias"])[0]


def main():
    os.makedirs(FOLDER, exist_ok=True)
    tokenizer = make_tokenizer()
    tokenizer.save(f"{FOLDER}/tokenizer.json")
    weights = make_weights(tokenizer.get_vocab_size())
    save_file(weights, f"{FOLDER}/model.safetensors")
    sizes = {"vocab_size": tokenizer.get_vocab_size(), "hidden_size": HIDDEN, "filters": FILTERS, "largest_width": WIDTHS, "kernels": KERNELS}
    with open(f"{FOLDER}/config.json", "w") as file:
        json.dump({"architectures": ["ConvKNRM"], "model_type": "conv-knrm", **sizes}, file, indent=1)
    # In double precision, so that the figures are those of the formulas.
    exact = {name: value.double().requires_grad_() for name, value in weights.items()}
    pairs, total = [], 0
    for number, (query, passage) in enumerate(PAIRS):
        ids = [tokenizer.encode(text, add_special_tokens=False).ids for text in (query, passage)]
        value = score(exact, *ids)
        total = total + (number + 1) * value
        pairs.append({"query": query, "passage": passage, "ids": ids, "score": value.item()})
    total.backward()
    gradients = {name: value.grad.flatten().tolist() for name, value in exact.items() if not name.startswith("embeddings")}
    with open(f"{FOLDER}/golden.json", "w") as file:
        json.dump({"pairs": pairs, "gradients": gradients}, file)


if __name__ == "__main__":
    main()
