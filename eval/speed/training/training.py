"""Times a training step of the default generator in PyTorch and in Trawl: same network, same shapes, one run.

    PEERS/bin/python eval/speed/training/training.py --trawl .build/release/trawl INDEX --queries QUERIES --qrels QRELS
        [--steps N] [--rounds N]

The network: MiniLM as the encoder, a decoder of its six layers with cross-attention, one table of word vectors for both
and for the logits. Encoder and word vectors are frozen; the decoder learns with AdamW, clipped gradients and smoothed
labels. A step is 24 sources with 4 spans of 10 tokens each: PyTorch encodes the padded sources once and repeats their
states for the spans, so it does no work twice either. Float32, two threads. Trawl trains on INDEX before and after
PyTorch; sources are queries of the same file in both. Prints target tokens a second, the medians of the rounds.
"""
import argparse
import json
import random
import re
import statistics
import subprocess
import tempfile
import time

import sys
from pathlib import Path
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "peers"))
import models  # before transformers, which would ask a hub
import torch
from transformers import AutoTokenizer, BertConfig, BertLMHeadModel, BertModel

THREADS, SOURCES, SPANS, LENGTH = 2, 24, 4, 10


def network():
    folder = models.folder(models.MINILM)
    encoder = BertModel.from_pretrained(folder, add_pooling_layer=False, attn_implementation="sdpa")
    configuration = BertConfig.from_pretrained(folder)
    configuration.is_decoder = configuration.add_cross_attention = True
    decoder = BertLMHeadModel.from_pretrained(folder, config=configuration)
    for module in (encoder, decoder):
        for part in module.modules():
            if isinstance(part, torch.nn.Dropout):
                part.p = 0.0
    decoder.bert.embeddings.word_embeddings.weight = encoder.embeddings.word_embeddings.weight
    decoder.cls.predictions.decoder.weight = encoder.embeddings.word_embeddings.weight
    encoder.requires_grad_(False)
    decoder.bert.embeddings.position_embeddings.requires_grad_(False)
    decoder.bert.embeddings.token_type_embeddings.requires_grad_(False)
    return encoder, decoder


def step(encoder, decoder, optimiser, trained, sources, targets):
    with torch.no_grad():
        states = encoder(**sources).last_hidden_state
    inputs = torch.cat([torch.full((len(targets), 1), 101), targets[:, :-1]], dim=1)
    logits = decoder(
        input_ids=inputs, encoder_hidden_states=states.repeat_interleave(SPANS, 0),
        encoder_attention_mask=sources["attention_mask"].repeat_interleave(SPANS, 0), use_cache=False).logits
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), label_smoothing=0.05)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(trained, 1.0)
    optimiser.step()
    optimiser.zero_grad()
    return float(loss.detach())


def pytorch(queries, steps):
    encoder, decoder = network()
    trained = [p for p in decoder.parameters() if p.requires_grad]
    print(f"PyTorch trains {sum(p.numel() for p in trained):,} weights")
    optimiser = torch.optim.AdamW(trained, lr=1e-4, betas=(0.9, 0.98), fused=True)
    tokenizer = AutoTokenizer.from_pretrained(models.folder(models.MINILM))
    draw = random.Random(1)
    times = []
    for number in range(steps + 2):
        sources = tokenizer(draw.choices(queries, k=SOURCES), padding=True, truncation=True, max_length=96,
                            return_tensors="pt", return_token_type_ids=False)
        targets = torch.randint(1000, 30000, (SOURCES * SPANS, LENGTH))
        start = time.perf_counter()
        step(encoder, decoder, optimiser, trained, sources, targets)
        if number >= 2:
            times.append(time.perf_counter() - start)
    return SOURCES * SPANS * LENGTH / statistics.median(times)


def trawl(options):
    with tempfile.TemporaryDirectory() as folder:
        errors = subprocess.run(
            [options.trawl, "train", "generator", options.index, "--queries", options.queries, "--qrels", options.qrels,
             "--from", "all-MiniLM-L6-v2", "--query-share", "1", "--sentence-share", "0", "--title-share", "0", "--hold-out", "0",
             "--steps", str(options.steps), "--output", folder + "/generator"],
            check=True, capture_output=True, text=True).stderr
    return float(re.findall(r"(\d+) target tokens/s", errors)[-1])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("index")
    parser.add_argument("--trawl", required=True)
    parser.add_argument("--queries", required=True)
    parser.add_argument("--qrels", required=True)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(THREADS)
    with open(options.queries) as file:
        queries = [json.loads(line)["text"] for line in file]
    ours, theirs = [trawl(options)], []
    for _ in range(options.rounds):
        theirs.append(pytorch(queries, options.steps))
        ours.append(trawl(options))
    print(f"PyTorch {torch.__version__}: {[round(rate) for rate in theirs]}")
    print(f"Trawl: {[round(rate) for rate in ours]}")
    print(f"ratio of medians: {statistics.median(ours) / statistics.median(theirs):.2f}")


if __name__ == "__main__":
    main()
