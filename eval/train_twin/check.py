"""Checks the twin's loss and gradients against the golden data that Trawl's trainer is tested with.

    python3 eval/train_twin/check.py

Tests/TrainingTests/Golden has a tiny encoder-decoder with its loss and gradients (eval/parity/training_goldens.py made them, by code
of its own). The batches are compared by a test of Trawl's (GeneratorBatchParityTests).
"""

import json
import sys
from pathlib import Path

import torch
from network import Generator

GOLDEN = Path(__file__).resolve().parents[2] / "Tests/TrainingTests/Golden"
TOLERANCE = 1e-5


def main():
    expected = json.loads((GOLDEN / "tiny-encoder-decoder.json").read_text())
    generator = Generator(GOLDEN / "tiny-encoder-decoder", GOLDEN, encoder_layers=2)
    generator.model.train()
    total, tokens = generator.loss(expected["items"], expected["smoothing"])
    (total / tokens).backward()
    differences = {"loss": abs(total.item() / tokens - expected["losses"][0])}
    for name, (parameter, _) in generator.parameters.items():
        values = parameter.grad.flatten()[::max(1, parameter.numel() // 16)]
        differences[name] = (values - torch.tensor(expected["gradients"][name])).abs().max().item()
    worst = max(differences, key=differences.get)
    print(f"{len(differences)} values compared; the largest difference is {differences[worst]:.1e} ({worst})")
    if not differences[worst] <= TOLERANCE:
        sys.exit(1)


if __name__ == "__main__":
    main()
