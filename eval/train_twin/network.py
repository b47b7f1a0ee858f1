"""The network of a generator in PyTorch, the parts of it that are trained, and its folder in Trawl's layout."""

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional
from transformers import BertConfig, BertLMHeadModel, BertModel, EncoderDecoderConfig, EncoderDecoderModel

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt")
CROSS, DECODER, ENCODER, HEAD = "crossattention", "decoder.bert.", "encoder.", "decoder.cls."
WORDS = "embeddings.word_embeddings.weight"
IGNORED = ("position_ids", "pooler.")


class Generator:
    """An encoder-decoder of BERT with the rates of its parts.

    encoder_layers: how many of the encoder's last layers are trained.
    """

    def __init__(self, start, models, encoder_layers=0):
        self.start = Path(start)
        self.configuration = json.loads((self.start / "config.json").read_text())
        self.is_pair = self.configuration["model_type"] == "encoder-decoder"
        # A compact folder leaves to its base, which stands beside it, what both have.
        self.is_compact = "trawl_base_model" in self.configuration
        self.base = models / self.configuration.get("trawl_base_model", self.start.name)
        self.model = self._model()
        self._load()
        self.encoder_layers = encoder_layers
        self.parameters = dict(self._trained())

    def _model(self):
        if not self.is_pair:
            self.configuration = self._pair_configuration()
        halves = []
        for name in ("encoder", "decoder"):
            off = {"hidden_dropout_prob": 0, "attention_probs_dropout_prob": 0}
            halves.append(BertConfig(**self.configuration[name] | off))
        joined = EncoderDecoderConfig.from_encoder_decoder_configs(*halves)
        joined.decoder_start_token_id = self.configuration["decoder_start_token_id"]
        joined.pad_token_id = self.configuration["pad_token_id"]
        return EncoderDecoderModel(
            encoder=BertModel(halves[0], add_pooling_layer=False), decoder=BertLMHeadModel(halves[1]), config=joined)

    def _pair_configuration(self):
        """That of an encoder and a decoder which both begin as the BERT encoder."""
        kept = ("hidden_act", "hidden_size", "intermediate_size", "layer_norm_eps", "max_position_embeddings",
                "num_attention_heads", "num_hidden_layers", "type_vocab_size", "vocab_size")
        half = {key: self.configuration[key] for key in kept} | {"model_type": "bert", "tie_word_embeddings": True}
        return {
            "architectures": ["EncoderDecoderModel"], "model_type": "encoder-decoder", "is_encoder_decoder": True,
            "decoder_start_token_id": 101, "eos_token_id": 102, "pad_token_id": 0,
            "encoder": half | {"is_decoder": False, "add_cross_attention": False, "architectures": ["BertModel"]},
            "decoder": half | {"is_decoder": True, "add_cross_attention": True, "architectures": ["BertLMHeadModel"]},
        }

    def _load(self):
        """Both halves from the base, cross-attention as its self-attention, then what the folder itself has."""
        own = load_file(self.start / "model.safetensors")
        base = load_file(self.base / "model.safetensors") if self.base != self.start or not self.is_pair else {}
        state = {}
        for name, values in base.items():
            if any(part in name for part in IGNORED):
                continue
            state[ENCODER + name] = values
            state[DECODER + name] = values
            if ".attention." in name:
                state[DECODER + name.replace(".attention.", f".{CROSS}.")] = values
        hidden = self.configuration["decoder"]["hidden_size"]
        if not self.is_pair:
            # With small inputs GELU is nearly linear: the layer passes its input on, and the norm restores its size.
            state[HEAD + "predictions.transform.dense.weight"] = torch.eye(hidden) * 0.5
            state[HEAD + "predictions.transform.dense.bias"] = torch.zeros(hidden)
            state[HEAD + "predictions.transform.LayerNorm.weight"] = torch.ones(hidden)
            state[HEAD + "predictions.transform.LayerNorm.bias"] = torch.zeros(hidden)
            state[HEAD + "predictions.bias"] = torch.zeros(self.configuration["decoder"]["vocab_size"])
        else:
            state |= own
        state = {name: values.float() for name, values in state.items()}
        words = state.setdefault(DECODER + WORDS, state.get(ENCODER + WORDS))
        state[HEAD + "predictions.decoder.weight"] = words
        state[HEAD + "predictions.decoder.bias"] = state[HEAD + "predictions.bias"]
        missing, unexpected = self.model.load_state_dict(state, strict=False)
        missing = [name for name in missing if not any(part in name for part in IGNORED)]
        if missing or unexpected:
            raise ValueError(f"{self.start}: missing {missing[:3]}, unexpected {unexpected[:3]}")
        # One parameter for what is one: words of both halves and of the logits, and the bias of the logits.
        shared = self.model.encoder.embeddings.word_embeddings.weight
        if torch.equal(shared, self.model.decoder.bert.embeddings.word_embeddings.weight):
            self.model.decoder.bert.embeddings.word_embeddings.weight = shared
        head = self.model.decoder.cls.predictions
        head.decoder.weight = self.model.decoder.bert.embeddings.word_embeddings.weight
        head.decoder.bias = head.bias

    def _trained(self):
        """The trained parameters with the factors of their learning rates, as `TrainingRates` has them."""
        first = self.configuration["encoder"]["num_hidden_layers"] - self.encoder_layers
        for name, parameter in self.model.named_parameters():
            rate = 0.0
            if name.startswith(HEAD):
                rate = 0.0 if name.endswith("decoder.weight") else 1.0
            elif name.startswith(DECODER):
                is_table = "embeddings." in name and "LayerNorm" not in name
                rate = 0.0 if is_table else 1.0 if CROSS in name else 0.5
            elif name.startswith(ENCODER + "encoder.layer."):
                rate = 1 / 6 if int(name.split(".")[3]) >= first else 0.0
            parameter.requires_grad_(rate > 0)
            if rate > 0:
                yield name.replace("predictions.decoder.bias", "predictions.bias"), (parameter, rate)

    def groups(self, decay):
        """For AdamW: by rate, matrices with decay and vectors without."""
        found = {}
        for parameter, rate in self.parameters.values():
            found.setdefault((rate, decay if parameter.ndim > 1 else 0.0), []).append(parameter)
        return [
            {"params": parameters, "weight_decay": decay, "factor": rate}
            for (rate, decay), parameters in sorted(found.items(), key=lambda entry: entry[0])
        ]

    def loss(self, items, smoothing):
        """The sum of the smoothed cross entropies of the spans' tokens, and how many tokens they have.

        All spans of a source share one encoding of it.
        """
        items = [(source, [span for span in spans if span]) for source, spans in items]
        device = self.model.device
        padding, begin = self.model.config.pad_token_id, self.model.config.decoder_start_token_id
        sources, source_mask = padded([source for source, _ in items], padding, device)
        states = self.model.encoder(input_ids=sources, attention_mask=source_mask).last_hidden_state
        spans = [span for _, spans in items for span in spans]
        owner = torch.tensor([i for i, (_, spans) in enumerate(items) for _ in spans], device=device)
        inputs, mask = padded([[begin] + span[:-1] for span in spans], padding, device)
        targets, _ = padded(spans, -100, device)
        logits = self.model.decoder(
            input_ids=inputs, attention_mask=mask, encoder_hidden_states=states[owner],
            encoder_attention_mask=source_mask[owner]).logits
        total = functional.cross_entropy(
            logits.float().flatten(0, 1), targets.flatten(), ignore_index=-100, label_smoothing=smoothing,
            reduction="sum")
        return total, sum(map(len, spans))

    def write(self, folder):
        """A folder that Trawl loads.

        One that began as a compact folder stays one, beside the same base; others are complete.
        """
        folder.mkdir(parents=True, exist_ok=True)
        configuration = dict(self.configuration)
        if self.is_compact:
            kept = dict(load_file(self.start / "model.safetensors"))
        else:
            kept = {
                name: values for name, values in self.model.state_dict().items()
                if not name.endswith(("predictions.decoder.weight", "predictions.decoder.bias"))
                and not any(part in name for part in IGNORED)
            }
        kept |= {name: parameter.detach() for name, (parameter, _) in self.parameters.items()}
        tensors = {name: values.to("cpu", torch.float16).clone().contiguous() for name, values in kept.items()}
        for name, values in tensors.items():
            if not torch.isfinite(values).all():
                raise ValueError(f"{name} has values that half precision lacks")
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        (folder / "config.json").write_text(json.dumps(configuration, indent=2) + "\n")
        for name in () if self.is_compact else TOKENIZER_FILES:
            if (self.base / name).exists():
                shutil.copy(self.base / name, folder / name)
        if (self.start / "key_weights.json").exists():
            shutil.copy(self.start / "key_weights.json", folder / "key_weights.json")


def padded(rows, padding, device):
    longest = max(map(len, rows))
    values = torch.tensor([row + [padding] * (longest - len(row)) for row in rows], device=device)
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows], device=device)
    return values, mask
