"""Golden data for the training of embedding models: the loss of a step and its gradient, as torch computes them.

    HF_HUB_OFFLINE=1 python eval/parity/embedder_training_goldens.py

Needs torch, transformers (5.24 made what is committed) and sentence-transformers, whose MultipleNegativesRankingLoss must agree with
the InfoNCE written out here. The encoder is that of Tests/RerankingTests/Golden/tiny-cross-encoder-1.
"""

import json
import os

import torch
from sentence_transformers.util import cos_sim
from transformers import AutoTokenizer, BertModel

TESTS = os.path.join(os.path.dirname(__file__), "..", "..", "Tests")
MODEL = os.path.join(TESTS, "RerankingTests", "Golden", "tiny-cross-encoder-1")
OUTPUT = os.path.join(TESTS, "TrainingTests", "Golden", "embedder-step.json")
TEMPERATURE = 0.05
QUERIES = ["who built the tower", "river water", "the capital of france"]
# Of each query the relevant passage and two others.
GROUPS = [
    ["the tower of the city", "the bridge of the river", "paris is a city"],
    ["water and the river", "the water of the city bridge", "france"],
    ["paris is the capital of france", "a city in france", "who built it"],
]
LABELS = [[0.6, 0.3, 0.1], [0.5, 0.25, 0.25], [0.4, 0.35, 0.25]]
WEIGHT = "encoder.layer.1.output.dense.weight"

tokenizer = AutoTokenizer.from_pretrained(MODEL)
model = BertModel.from_pretrained(MODEL, attn_implementation="eager").eval()


def embed(texts):
    inputs = tokenizer(texts, padding=True, return_tensors="pt")
    states = model(**inputs).last_hidden_state
    mask = inputs["attention_mask"].unsqueeze(-1).float()
    return torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1), dim=-1)


passages = [passage for group in GROUPS for passage in group]
scores = cos_sim(embed(QUERIES), embed(passages)) / TEMPERATURE
positives = torch.arange(len(QUERIES)) * 3
hard = torch.nn.functional.cross_entropy(scores, positives)
own = torch.stack([scores[i, 3 * i : 3 * i + 3] for i in range(len(QUERIES))])
soft = torch.nn.functional.cross_entropy(own, torch.tensor(LABELS))
(hard + soft).backward()
gradient = dict(model.named_parameters())[WEIGHT].grad
json.dump(
    {
        "temperature": TEMPERATURE, "queries": QUERIES, "groups": GROUPS, "labels": LABELS, "hard": hard.item(),
        "soft": soft.item(), "weight": WEIGHT, "norm": gradient.norm().item(),
        "values": gradient[0, :8].tolist(),
    }, open(OUTPUT, "w"), indent=1)
