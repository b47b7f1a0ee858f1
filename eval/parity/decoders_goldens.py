"""Golden data for decoders beside Llama, and for embedding models made of them: tiny random checkpoints.

    HF_HUB_OFFLINE=1 python eval/parity/decoders_goldens.py

Needs torch, transformers, tokenizers and sentence-transformers. Every weight is random, biases and norms too, which
transformers would start at 0 and 1; inputs are longer than the windows.
"""

import json
import os
import shutil
import tempfile

import torch
from models_goldens import golden, passages, short, write

MODELS = {
    "tiny-mistral": dict(sliding_window=5, num_key_value_heads=2, head_dim=12),
    "tiny-qwen2": dict(use_sliding_window=True, sliding_window=6, max_window_layers=1, num_key_value_heads=1),
    "tiny-qwen3": dict(head_dim=16, num_key_value_heads=2, tie_word_embeddings=True),
    "tiny-gemma3": dict(head_dim=16, num_key_value_heads=2, sliding_window=5, query_pre_attn_scalar=24,
                        layer_types=["sliding_attention", "full_attention", "sliding_attention"]),
    "tiny-mistral-bidirectional": dict(sliding_window=4, num_key_value_heads=2, is_causal=False),
    "tiny-gemma3-bidirectional": dict(head_dim=16, num_key_value_heads=1, sliding_window=8,
                                      use_bidirectional_attention=True,
                                      layer_types=["sliding_attention", "full_attention", "sliding_attention"]),
}
VOCABULARY = 96


def make(name, options, vocabulary=VOCABULARY, headless=False):
    from transformers import (Gemma3ForCausalLM, Gemma3TextConfig, Gemma3TextModel, MistralConfig, MistralForCausalLM,
                              MistralModel, Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM, Qwen3Model)

    configuration, model, bare = {
        "mistral": (MistralConfig, MistralForCausalLM, MistralModel),
        "qwen2": (Qwen2Config, Qwen2ForCausalLM, None),
        "qwen3": (Qwen3Config, Qwen3ForCausalLM, Qwen3Model),
        "gemma3": (Gemma3TextConfig, Gemma3ForCausalLM, Gemma3TextModel),
    }[name.split("-")[1]]
    torch.manual_seed(5)
    sizes = dict(vocab_size=vocabulary, hidden_size=32, intermediate_size=40, num_hidden_layers=3,
                 num_attention_heads=4, max_position_embeddings=128, rms_norm_eps=1e-5, bos_token_id=1, eos_token_id=2,
                 pad_token_id=0)
    built = (bare if headless else model)(configuration(**{**sizes, **options})).eval()
    with torch.no_grad():
        for parameter in built.parameters():
            parameter.copy_(torch.randn_like(parameter) * (0.3 if parameter.ndim > 1 else 0.2))
        for key, parameter in built.named_parameters():
            if "norm" in key and "gemma" not in name:
                parameter.add_(1)
    return built


def decoders():
    for name, options in MODELS.items():
        model = make(name, options)
        if "is_causal" in options:
            model.config.is_causal = model.model.config.is_causal = False
            for layer in model.model.layers:
                layer.self_attn.is_causal = False
        folder = golden("Models", name)
        shutil.rmtree(folder, ignore_errors=True)
        model.save_pretrained(folder)
        rows = []
        for length in (1, 4, 9, 23):
            ids = [(7 * i * i + 3 * i + length) % VOCABULARY for i in range(length)]
            with torch.no_grad():
                states = model.model(torch.tensor([ids])).last_hidden_state[0]
                logits = model(torch.tensor([ids])).logits[0, -1]
            rows.append({"ids": ids, "states": short(states), "last": short(logits)})
        write(f"{folder}/golden.json", rows)


def embedders():
    """Whole folders: last-token pooling behind tokenizers that add the end token themselves, and one that leaves it to
    tokenizer_config.json."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer import modules
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    texts = ["a", "Where is the tower?", "e=mc²: naïve café, 北京 🙂", passages(1)[0][:150]]
    prompt = "Instruct: find what answers\nQuery: "
    for name in ("tiny-qwen3", "tiny-mistral"):
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        tokenizer.train_from_iterator(passages(30), trainers.BpeTrainer(
            vocab_size=320, special_tokens=["<pad>", "<s>", "</s>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
        tokenizer.post_processor = processors.TemplateProcessing(
            single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 2)])
        model = make(name, MODELS[name], vocabulary=320, headless=True)
        with tempfile.TemporaryDirectory() as base:
            model.save_pretrained(base)
            PreTrainedTokenizerFast(
                tokenizer_object=tokenizer, eos_token="</s>", pad_token="<pad>", bos_token="<s>",
                padding_side="left").save_pretrained(base)
            transformer = modules.Transformer(base, max_seq_length=60)
            built = SentenceTransformer(
                modules=[transformer, modules.Pooling(32, pooling_mode="lasttoken"), modules.Normalize()],
                prompts={"query": prompt, "document": ""}, device="cpu")
            folder = golden("Embeddings", name)
            shutil.rmtree(folder, ignore_errors=True)
            built.save(folder, create_model_card=False)
            rows = [{"text": t, "vector": short(built.encode(t)), "query": short(built.encode(t, prompt_name="query"))}
                    for t in texts]
            write(f"{folder}/golden.json", rows)
        if name == "tiny-mistral":
            tokenizer.post_processor = processors.ByteLevel()
            tokenizer.save(f"{folder}/tokenizer.json")
            with open(f"{folder}/tokenizer_config.json") as file:
                settings = json.load(file)
            settings["add_eos_token"] = True
            with open(f"{folder}/tokenizer_config.json", "w") as file:
                json.dump(settings, file, indent=1)


if __name__ == "__main__":
    decoders()
    embedders()
