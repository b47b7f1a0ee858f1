"""Golden data for the tests of Training: loss, gradients and AdamW's steps of a tiny encoder-decoder, by PyTorch.

    HF_HUB_OFFLINE=1 python eval/parity/training_goldens.py

Needs torch, transformers and safetensors. Every weight is random, biases and norms too. Encoder and decoder share their
word vectors, as Trawl's generators do.
"""

import json
import shutil
import tempfile

import torch
from models_goldens import golden, short, write
from transformers import BertConfig, BertLMHeadModel, BertModel, EncoderDecoderConfig, EncoderDecoderModel

VOCABULARY = 60
ITEMS = [
    ([1, 7, 8, 9, 2], [[10, 11, 12, 7], [13], [14, 15, 16, 17, 18, 19]]),
    ([1, 20, 2], [[21, 22, 23]]),
    ([1, 30, 31, 32, 33, 34, 35, 36, 2], [[37, 38, 30, 31, 39, 40, 41, 42, 43, 44], [59, 58]]),
]
SMOOTHING = 0.1
STEPS = 3
RATE = 1e-3


def make():
    sizes = dict(vocab_size=VOCABULARY, hidden_size=32, num_attention_heads=4, intermediate_size=40,
                 max_position_embeddings=24, hidden_dropout_prob=0, attention_probs_dropout_prob=0, pad_token_id=0)
    encoder = BertConfig(num_hidden_layers=2, **sizes)
    decoder = BertConfig(num_hidden_layers=3, is_decoder=True, add_cross_attention=True, **sizes)
    configuration = EncoderDecoderConfig.from_encoder_decoder_configs(encoder, decoder)
    configuration.decoder_start_token_id = 1
    configuration.eos_token_id = 2
    configuration.pad_token_id = 0
    torch.manual_seed(11)
    model = EncoderDecoderModel(encoder=BertModel(encoder, add_pooling_layer=False), decoder=BertLMHeadModel(decoder),
                                config=configuration)
    with torch.no_grad():
        for key, parameter in sorted(model.named_parameters()):
            parameter.copy_(torch.randn_like(parameter) * 0.2)
            if "LayerNorm.weight" in key:
                parameter.add_(1)
        model.decoder.bert.embeddings.word_embeddings.weight.copy_(model.encoder.embeddings.word_embeddings.weight)
    return model


def tie(model):
    words = model.encoder.embeddings.word_embeddings.weight
    model.decoder.bert.embeddings.word_embeddings.weight = words
    model.decoder.cls.predictions.decoder.weight = words
    model.decoder.cls.predictions.decoder.bias = model.decoder.cls.predictions.bias


def loss_of(model):
    total, count = 0, 0
    for source, targets in ITEMS:
        for target in targets:
            inputs = torch.tensor([[1] + target[:-1]])
            logits = model(input_ids=torch.tensor([source]), decoder_input_ids=inputs).logits[0]
            total = total + torch.nn.functional.cross_entropy(
                logits, torch.tensor(target), label_smoothing=SMOOTHING, reduction="sum")
            count += len(target)
    return total / count


def main():
    folder = golden("Training", "tiny-encoder-decoder")
    model = make()
    with tempfile.TemporaryDirectory() as temporary:
        model.save_pretrained(temporary)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(temporary, folder)
    tie(model)
    model.train()
    named = {}
    for key, parameter in model.named_parameters():
        if "position_embeddings" in key or "token_type" in key:
            parameter.requires_grad_(False)
            continue
        named[key.replace("decoder.cls.predictions.decoder.bias", "decoder.cls.predictions.bias")] = parameter
    decayed = [p for p in named.values() if p.ndim > 1]
    plain = [p for p in named.values() if p.ndim == 1]
    optimiser = torch.optim.AdamW([dict(params=decayed, weight_decay=0.01), dict(params=plain, weight_decay=0)],
                                  lr=RATE, betas=(0.9, 0.98), eps=1e-8)
    result = dict(items=ITEMS, smoothing=SMOOTHING, rate=RATE, losses=[], norms=[], gradients={}, sums={})
    for step in range(STEPS + 1):
        optimiser.zero_grad()
        loss = loss_of(model)
        loss.backward()
        result["losses"].append(float(loss))
        if step == 0:
            # The sum and some values tell a gradient apart well enough, at a hundredth of the size.
            for key, parameter in named.items():
                result["gradients"][key] = short(parameter.grad.flatten()[::max(1, parameter.numel() // 16)])
        result["norms"].append(float(torch.nn.utils.clip_grad_norm_(list(named.values()), 1.0)))
        if step < STEPS:
            optimiser.step()
    for key, parameter in named.items():
        result["sums"][key] = float(parameter.double().abs().sum())
    write(golden("Training", "tiny-encoder-decoder.json"), result)


main()
