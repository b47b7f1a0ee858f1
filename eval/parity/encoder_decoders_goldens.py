"""Golden data for encoder-decoders: tiny random checkpoints, the logits that transformers computes along forced
continuations, and what its beam search finds.

    HF_HUB_OFFLINE=1 python eval/parity/encoder_decoders_goldens.py [bert] [bart] [mbart] [t5]

Needs numpy, torch, transformers and safetensors. Without arguments all are made. Every weight is random, biases and
norms too; encoders and decoders have different depths. Most weights are rounded to half precision, which keeps the files
small; transformers computes with the rounded ones in single precision.
"""

import json
import os
import shutil
import sys

import numpy as np
import torch
from encoders_goldens import randomise
from models_goldens import golden, short, write

VOCABULARY = 96
BEAMS, LENGTH, RETURNED = 15, 7, 6
HALF = torch.float16


def rounded(model, kind):
    """The model with weights that `kind` holds exactly."""
    with torch.no_grad():
        for parameter in list(model.parameters()) + [b for b in model.buffers() if b.is_floating_point()]:
            parameter.copy_(parameter.to(kind).float())
    return model.eval()


def save(name, model, kind):
    folder = golden("Models", name)
    shutil.rmtree(folder, ignore_errors=True)
    model.to(kind).save_pretrained(folder)
    model.to(torch.float32)
    return folder


def reference(folder, model, start, end, seed):
    """Logits behind the start token and along continuations, and the best sequences of a beam search."""
    random = np.random.default_rng(seed)
    cases, beams = [], []
    # Without caches: transformers 5.24 gives T5's decoder as many as its encoder has layers.
    for length, count, kept in ((1, 3, 4), (6, 5, 6), (11, 0, 1), (37, 26, 3)):
        prompt = random.integers(5, VOCABULARY, length).tolist()
        forced = random.integers(5, VOCABULARY, count).tolist()
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([prompt]), decoder_input_ids=torch.tensor([[start] + forced]),
                           use_cache=False).logits
        cases.append({"prompt": prompt, "forced": forced, "kept": kept, "logits": short(logits[0, -kept:])})
        found = model.generate(
            torch.tensor([prompt]), num_beams=BEAMS, num_return_sequences=RETURNED, max_new_tokens=LENGTH,
            length_penalty=0.0, early_stopping=False, do_sample=False, return_dict_in_generate=True,
            output_scores=True, use_cache=False)
        sequences = []
        for ids in found.sequences.tolist():
            ids = ids[1:]
            sequences.append(ids[: ids.index(end) + 1] if end in ids else ids)
        beams.append({"prompt": prompt, "sequences": sequences, "scores": short(found.sequences_scores)})
    write(f"{folder}/golden.json", {
        "start": start, "end": end, "beams": BEAMS, "length": LENGTH, "cases": cases, "searches": beams})


def generation(model, start, end):
    settings = model.generation_config
    settings.decoder_start_token_id, settings.eos_token_id, settings.pad_token_id = start, end, 0
    settings.bos_token_id = settings.forced_bos_token_id = settings.forced_eos_token_id = None
    model.config.decoder_start_token_id, model.config.eos_token_id, model.config.pad_token_id = start, end, 0


def bert_sizes(**more):
    return {**dict(vocab_size=VOCABULARY, hidden_size=32, num_hidden_layers=3, num_attention_heads=4,
                   intermediate_size=40, max_position_embeddings=40, layer_norm_eps=1e-5), **more}


def bert():
    from safetensors.torch import load_file, save_file
    from transformers import BertConfig, BertLMHeadModel, BertModel, EncoderDecoderModel

    def build(encoder, decoder, seed):
        model = EncoderDecoderModel(
            encoder=BertModel(BertConfig(**encoder), add_pooling_layer=False),
            decoder=BertLMHeadModel(BertConfig(**decoder, is_decoder=True, add_cross_attention=True)))
        randomise(model, seed)
        with torch.no_grad():  # So that searches meet the end token.
            for name, parameter in model.named_parameters():
                if name in ("decoder.cls.predictions.bias", "decoder.cls.predictions.decoder.bias"):
                    parameter[3] += 3
        generation(model, 2, 3)
        return model

    # States of another width than the decoder's go through a projection; the head has weights of its own.
    model = build(bert_sizes(hidden_size=40, num_hidden_layers=2), bert_sizes(tie_word_embeddings=False), 31)
    model = rounded(model, torch.bfloat16)
    reference(save("tiny-bert-bert", model, torch.bfloat16), model, 2, 3, 41)

    # Encoder and embeddings are a base's, but for one norm of the encoder; the rest is in half precision.
    sizes = bert_sizes(num_hidden_layers=2)
    base = rounded(randomise(BertModel(BertConfig(**sizes), add_pooling_layer=False), 32), HALF)
    base_folder = save("tiny-bert-base", base, torch.float32)
    with open(f"{base_folder}/config.json") as file:
        assert json.load(file)["model_type"] == "bert"
    model = build(sizes, bert_sizes(num_hidden_layers=3, hidden_act="gelu_new"), 33)
    weights = base.state_dict()
    model.encoder.load_state_dict({**weights, **{
        k: v for k, v in model.encoder.state_dict().items() if k.startswith("encoder.layer.1.output.LayerNorm")}})
    model.decoder.bert.embeddings.load_state_dict(
        {k[len("embeddings."):]: v for k, v in weights.items() if k.startswith("embeddings.")})
    model.tie_weights()
    model = rounded(model, HALF)
    folder = save("tiny-bert-bert-compact", model, HALF)
    tensors = load_file(f"{folder}/model.safetensors")
    kept = {k: v for k, v in tensors.items() if not k.startswith(("encoder.", "decoder.bert.embeddings."))
            or k.startswith("encoder.encoder.layer.1.output.LayerNorm")}
    save_file(kept, f"{folder}/model.safetensors", metadata={"format": "pt"})
    with open(f"{folder}/config.json") as file:
        settings = json.load(file)
    settings["trawl_base_model"] = "tiny-bert-base"
    with open(f"{folder}/config.json", "w") as file:
        json.dump(settings, file, indent=1)
    reference(folder, model, 2, 3, 42)


def bart():
    from transformers import BartConfig, BartForConditionalGeneration

    config = BartConfig(
        vocab_size=VOCABULARY, d_model=32, encoder_layers=2, decoder_layers=3, encoder_attention_heads=4,
        decoder_attention_heads=2, encoder_ffn_dim=40, decoder_ffn_dim=48, max_position_embeddings=40,
        scale_embedding=True, pad_token_id=1, bos_token_id=0, eos_token_id=2)
    model = randomise(BartForConditionalGeneration(config), 34)
    model.final_logits_bias.copy_(torch.randn(1, VOCABULARY, generator=torch.Generator().manual_seed(1)))
    model.final_logits_bias[0, 2] += 3
    with torch.no_grad():  # Scaled by the root of 32, and the head is tied to it.
        model.model.shared.weight.mul_(0.4)
    generation(model, 2, 2)
    model = rounded(model, HALF)
    reference(save("tiny-bart", model, HALF), model, 2, 2, 43)


def mbart():
    from transformers import MBartConfig, MBartForConditionalGeneration

    config = MBartConfig(
        vocab_size=VOCABULARY, d_model=32, encoder_layers=1, decoder_layers=2, encoder_attention_heads=4,
        decoder_attention_heads=4, encoder_ffn_dim=40, decoder_ffn_dim=40, max_position_embeddings=40,
        activation_function="relu", pad_token_id=1, bos_token_id=0, eos_token_id=2)
    model = randomise(MBartForConditionalGeneration(config), 35)
    generation(model, 2, 2)
    model = rounded(model, HALF)
    reference(save("tiny-mbart", model, HALF), model, 2, 2, 44)


def t5():
    from transformers import T5Config, T5ForConditionalGeneration

    sizes = dict(vocab_size=VOCABULARY, d_model=32, d_kv=10, d_ff=40, num_layers=2, num_decoder_layers=3, num_heads=4,
                 relative_attention_num_buckets=8, relative_attention_max_distance=16, decoder_start_token_id=0)
    model = randomise(T5ForConditionalGeneration(T5Config(**sizes)), 36)
    generation(model, 0, 1)
    model = rounded(model, HALF)
    reference(save("tiny-t5-generator", model, HALF), model, 0, 1, 45)

    model = T5ForConditionalGeneration(
        T5Config(**sizes, feed_forward_proj="gated-gelu", tie_word_embeddings=False))
    model.config.tie_word_embeddings = False
    model.lm_head.weight = torch.nn.Parameter(torch.empty(VOCABULARY, 32))
    randomise(model, 37)
    generation(model, 0, 1)
    model = rounded(model, HALF)
    reference(save("tiny-t5-generator-gated", model, HALF), model, 0, 1, 46)


if __name__ == "__main__":
    for task in sys.argv[1:] or ["bert", "bart", "mbart", "t5"]:
        globals()[task]()
