"""The generator in PyTorch: its encoder as transformers has it, its decoder over caches of keys and values.

The decoder is written out, for it is faster than transformers' on a processor: queries, keys and values come of one product,
the encoder's keys and values are computed and kept once a query and not once a beam, and all beams of a query attend to
them together.
"""
import dataclasses

import numpy as np
import torch
import torch.nn.functional as F
from transformers import EncoderDecoderModel

START = 101


@dataclasses.dataclass
class Prompts:
    """Encoded queries: for each layer the keys and values that cross-attention reads, and which of them are no padding."""

    cross: list[tuple[torch.Tensor, torch.Tensor]]
    mask: torch.Tensor | None

    @property
    def count(self) -> int:
        return self.cross[0][0].shape[0]


class Decoder:
    def __init__(self, folder: str):
        model = EncoderDecoderModel.from_pretrained(folder, dtype=torch.float32).eval()
        self.model = model
        bert, head = model.decoder.bert, model.decoder.cls.predictions
        self.heads = bert.config.num_attention_heads
        self.eps = bert.config.layer_norm_eps
        self.words = bert.embeddings.word_embeddings.weight
        self.positions = bert.embeddings.position_embeddings.weight + bert.embeddings.token_type_embeddings.weight[0]
        self.norm = bert.embeddings.LayerNorm
        self.layers = bert.encoder.layer
        self.fused = [_join(layer.attention.self, "query", "key", "value") for layer in self.layers]
        self.fused_cross = [_join(layer.crossattention.self, "key", "value") for layer in self.layers]
        self.transform, self.head = head.transform, head.decoder

    def encode(self, prompts: list[list[int]]) -> Prompts:
        longest = max(map(len, prompts))
        ids = torch.tensor([prompt + [0] * (longest - len(prompt)) for prompt in prompts])
        mask = torch.tensor([[True] * len(prompt) + [False] * (longest - len(prompt)) for prompt in prompts])
        states = self.model.encoder(input_ids=ids, attention_mask=mask.long()).last_hidden_state
        cross = []
        for weight, bias in self.fused_cross:
            keys, values = F.linear(states, weight, bias).chunk(2, -1)
            cross.append((self._split(keys).contiguous(), self._split(values).contiguous()))
        return Prompts(cross, None if mask.all() else mask[:, None, None, :])

    def steps(self, prompts: Prompts) -> "Steps":
        return Steps(self, prompts)

    def tree(self, tokens: torch.Tensor, depths: torch.Tensor, mask: torch.Tensor, prompts: Prompts) -> torch.Tensor:
        """The logits behind each node of a tree of tokens, one tree for each prompt; a node sees what `mask` says."""

        def attend(layer, queries, keys, values):
            return self._merge(F.scaled_dot_product_attention(*map(self._split, (queries, keys, values)), attn_mask=mask))

        return self.run(tokens, depths, prompts, attend)

    def run(self, tokens, positions, prompts: Prompts, attend) -> torch.Tensor:
        """The logits behind `tokens` (prompts x any number); `attend` is self-attention, which knows what stands before."""
        states = self._normed(self.norm, F.embedding(tokens, self.words) + F.embedding(positions, self.positions))
        for number, layer in enumerate(self.layers):
            queries, keys, values = F.linear(states, *self.fused[number]).chunk(3, -1)
            states = self._added(layer.attention.output, attend(number, queries, keys, values), states)
            queries = self._split(layer.crossattention.self.query(states))
            read = F.scaled_dot_product_attention(queries, *prompts.cross[number], attn_mask=prompts.mask)
            states = self._added(layer.crossattention.output, self._merge(read), states)
            states = self._added(layer.output, F.gelu(layer.intermediate.dense(states)), states)
        states = self._normed(self.transform.LayerNorm, F.gelu(self.transform.dense(states)))
        return self.head(states)

    def _added(self, output, update, states):
        return self._normed(output.LayerNorm, output.dense(update) + states)

    def _normed(self, norm, states):
        return F.layer_norm(states, norm.normalized_shape, norm.weight, norm.bias, self.eps)

    def _split(self, states):
        return states.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def _merge(self, states):
        return states.transpose(1, 2).flatten(2)


class Steps:
    """Decoding step by step. Every prompt has equally many rows, all of the same length."""

    def __init__(self, decoder: Decoder, prompts: Prompts):
        self.decoder, self.prompts, self.length = decoder, prompts, 0
        self.cache: list[tuple[torch.Tensor, torch.Tensor]] = []

    def advance(self, tokens: np.ndarray, parents: np.ndarray | None = None) -> torch.Tensor:
        """The logits of each row behind its token; `parents` says which row of the step before a row goes on from."""
        decoder = self.decoder
        if parents is not None:
            order = torch.from_numpy(parents)
            self.cache = [(keys.index_select(0, order), values.index_select(0, order)) for keys, values in self.cache]

        def attend(layer, queries, keys, values):
            queries, keys, values = (part.reshape(len(tokens), decoder.heads, 1, -1) for part in (queries, keys, values))
            if self.length:
                keys = torch.cat([self.cache[layer][0], keys], 2)
                values = torch.cat([self.cache[layer][1], values], 2)
                self.cache[layer] = keys, values
            else:
                self.cache.append((keys, values))
            read = F.scaled_dot_product_attention(queries, keys, values)
            return read.reshape(self.prompts.count, -1, decoder.heads * read.shape[-1])

        rows = torch.from_numpy(tokens).view(self.prompts.count, -1)
        logits = decoder.run(rows, torch.full_like(rows, self.length), self.prompts, attend)
        self.length += 1
        return logits.flatten(0, 1)


def _join(module, *names: str) -> tuple[torch.Tensor, torch.Tensor]:
    parts = [getattr(module, name) for name in names]
    return torch.cat([part.weight for part in parts]), torch.cat([part.bias for part in parts])
