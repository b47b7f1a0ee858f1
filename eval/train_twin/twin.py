"""Trains a generator as `trawl train generator` does, in PyTorch: for machines with an accelerator, and as a check of Trawl's trainer.

    python3 eval/train_twin/twin.py JOINED/ MODELS/ --from minilm-generator --output MODELS/NAME --steps 4500 [--piece-minutes 9]

JOINED is what eval/train/join.py writes (corpus.jsonl, queries.jsonl, train.tsv), MODELS the folder of Trawl's models.
Needs torch, transformers, tokenizers and safetensors. Batches, loss, learning rates and the layout of the result are Trawl's;
`trawl train generator --from NAME --self-samples 2` adds what needs an index, learning from the generator's own n-grams.

A training is resumable: with --piece-minutes it stops after that time and leaves its state in the output folder, and the same command
continues it. It is the same training in pieces as in one, on one kind of machine.
"""

import argparse
import hashlib
import json
import os
import sys
import time
from pathlib import Path

import torch
from examples import Corpus, Examples, Query, Settings
from network import Generator
from tokenizers import Tokenizer

TITLE_END = " @@"
SENTENCE_ENDS = (".", "?", "!", "。", "？", "！")
SMOOTHING, DECAY, CLIP, WARM_UP = 0.05, 0.01, 1.0, 0.05
SAVE_SECONDS = 120


def rows(path):
    with open(path) as file:
        for line in file:
            yield json.loads(line)


def passage_text(document):
    """` title @@ text` with white space collapsed, as the index has it."""
    title, body = " ".join(document.get("title", "").split()), " ".join(document["text"].split())
    return f" {title}{TITLE_END}{' ' + body if body else ''}" if title else " " + body


def read(folder, tokenizer, settings):
    """The examples of a joined collection."""
    special = {token.content for token in tokenizer.get_added_tokens_decoder().values() if token.special}
    vocabulary = [tokenizer.id_to_token(i) or "" for i in range(tokenizer.get_vocab_size())]
    boundary = tokenizer.token_to_id("[SEP]")
    tokenizer.no_padding()
    tokenizer.no_truncation()
    # Text that spells a special token is text.
    tokenizer.encode_special_tokens = True
    documents = list(rows(folder / "corpus.jsonl"))
    encoded = tokenizer.encode_batch([passage_text(d) for d in documents], add_special_tokens=False)
    corpus = Corpus(
        passages=[[token for token in e.ids if token != boundary] for e in encoded],
        title_end=tokenizer.encode(TITLE_END, add_special_tokens=False).ids,
        sentence_ends={i for i, token in enumerate(vocabulary) if token in SENTENCE_ENDS},
        begins_word=[
            token not in special and bool(token) and (token[0].isalpha() or token[0].isnumeric())
            for token in vocabulary
        ])
    places = {document["_id"]: number for number, document in enumerate(documents)}
    relevant = {}
    for line in (folder / "train.tsv").read_text().splitlines()[1:]:
        query, document, grade = line.split("\t")
        if int(grade) > 0 and document in places:
            relevant.setdefault(query, set()).add(document)
    asked = [query for query in rows(folder / "queries.jsonl") if query["_id"] in relevant]
    queries = [
        Query(tokens=plain.ids, passages=[places[d] for d in sorted(relevant[query["_id"]])], source=whole.ids)
        for query, plain, whole in zip(
            asked, tokenizer.encode_batch([" " + q["text"] for q in asked], add_special_tokens=False),
            tokenizer.encode_batch([q["text"] for q in asked], add_special_tokens=True))
    ]
    return Examples(corpus, queries, [tokenizer.token_to_id("[CLS]")], [boundary], settings)


class Steps(torch.utils.data.Dataset):
    """The batches of the steps from `first` on."""

    def __init__(self, examples, seed, first, end):
        self.examples, self.seed, self.first, self.end = examples, seed, first, end

    def __len__(self):
        return self.end - self.first

    def __getitem__(self, index):
        return self.examples.batch(self.first + index, self.seed)


def learning_rate(peak, done):
    if done < WARM_UP:
        return peak * max(done, 1e-3) / WARM_UP
    return peak * (1 - done) / (1 - WARM_UP)


class Training:
    def __init__(self, arguments, generator):
        self.arguments, self.generator = arguments, generator
        self.optimiser = torch.optim.AdamW(generator.groups(DECAY), betas=(0.9, 0.98), eps=1e-8)
        self.step, self.losses, self.norms = 0, [], []

    @property
    def path(self):
        return self.arguments.output / "training_state.pt"

    def run(self, examples):
        """Trains to the end, or for a piece; answers whether the end was reached."""
        begin = saved = time.monotonic()
        steps = Steps(examples, self.arguments.seed, self.step, self.arguments.steps)
        batches = torch.utils.data.DataLoader(steps, batch_size=None, num_workers=self.arguments.workers)
        for items in batches:
            self.make_step(items)
            now = time.monotonic()
            if self.step % 50 == 0 or self.step == self.arguments.steps:
                recent = self.losses[-50:]
                print(f"{self.step} of {self.arguments.steps}: loss {sum(recent) / len(recent):.4f}, "
                      f"{(now - begin) / (self.step - steps.first):.2f} s a step", flush=True)
            if self.arguments.piece_minutes and now - begin > 60 * self.arguments.piece_minutes:
                break
            if now - saved > SAVE_SECONDS:
                self.save()
                saved = now
        self.save()
        return self.step == self.arguments.steps

    def make_step(self, items):
        arguments = self.arguments
        rate = learning_rate(arguments.learning_rate, self.step / arguments.steps)
        for group in self.optimiser.param_groups:
            group["lr"] = rate * group["factor"]
        with torch.autocast(arguments.device, torch.bfloat16, enabled=arguments.bf16):
            total, tokens = self.generator.loss(items, SMOOTHING)
        (total / tokens).backward()
        trained = [parameter for parameter, _ in self.generator.parameters.values()]
        norm = torch.nn.utils.clip_grad_norm_(trained, CLIP, error_if_nonfinite=True)
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.step += 1
        self.losses.append(total.item() / tokens)
        self.norms.append(norm.item())

    def save(self):
        state = {
            "identity": self.identity, "step": self.step, "losses": self.losses, "norms": self.norms,
            "optimiser": self.optimiser.state_dict(),
            "parameters": {name: parameter.detach() for name, (parameter, _) in self.generator.parameters.items()},
        }
        new = self.path.with_suffix(".new")
        torch.save(state, new)
        os.replace(new, self.path)

    def resume(self):
        state = torch.load(self.path, map_location=self.arguments.device, weights_only=True)
        if state["identity"] != self.identity:
            sys.exit(f"{self.path} belongs to a training of other settings or data; remove it to begin anew")
        self.step, self.losses, self.norms = state["step"], state["losses"], state["norms"]
        self.optimiser.load_state_dict(state["optimiser"])
        with torch.no_grad():
            for name, (parameter, _) in self.generator.parameters.items():
                parameter.copy_(state["parameters"][name])

    @property
    def identity(self):
        """What a resumed training must have in common with the one that it continues."""
        names = ("start", "steps", "seed", "learning_rate", "encoder_layers", "bf16") + SHARES
        values = {name: str(getattr(self.arguments, name)) for name in names}
        for name in ("corpus.jsonl", "queries.jsonl", "train.tsv"):
            with open(self.arguments.joined / name, "rb") as file:
                values[name] = hashlib.file_digest(file, "sha256").hexdigest()
        return json.dumps(values, sort_keys=True)


SHARES = ("query_share", "sentence_share", "title_share", "sources_per_step", "spans_per_source")


def parsed():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("joined", type=Path)
    parser.add_argument("models", type=Path)
    parser.add_argument("--from", dest="start", required=True, help="a folder of MODELS, or a path")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--learning-rate", type=float, default=6e-4)
    parser.add_argument("--encoder-layers", type=int, default=0)
    for name in SHARES:
        default = getattr(Settings, name)
        parser.add_argument("--" + name.replace("_", "-"), type=type(default), default=default)
    parser.add_argument("--piece-minutes", type=float)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--bf16", action="store_true", help="multiply in bfloat16; other values stay in single precision")
    parser.add_argument("--workers", type=int, default=0, help="processes that make batches")
    return parser.parse_args()


def main():
    arguments = parsed()
    start = arguments.models / arguments.start
    generator = Generator(start if start.exists() else Path(arguments.start), arguments.models, arguments.encoder_layers)
    generator.model.to(arguments.device)
    generator.model.train()
    if generator.is_compact and not (arguments.output.resolve().parent / generator.base.name).exists():
        sys.exit(
            f"the result leaves tensors to {generator.base.name}: name an output folder beside it, such as one in "
            f"{arguments.models}")
    training = Training(arguments, generator)
    arguments.output.mkdir(parents=True, exist_ok=True)
    if training.path.exists():
        training.resume()
    elif (arguments.output / "model.safetensors").exists():
        sys.exit(f"{arguments.output} has a model; name another folder")
    settings = Settings(**{name: getattr(arguments, name) for name in SHARES})
    examples = read(arguments.joined, Tokenizer.from_file(str(generator.base / "tokenizer.json")), settings)
    if not training.run(examples):
        print(f"{training.step} of {arguments.steps} steps are done; run the same command to go on")
        return
    generator.write(arguments.output)
    history = {"losses": training.losses, "gradient_norms": training.norms}
    (arguments.output / "history.json").write_text(json.dumps(history))
    training.path.unlink()


if __name__ == "__main__":
    main()
