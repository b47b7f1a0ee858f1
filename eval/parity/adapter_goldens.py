"""Golden data for the training of decoders through low-rank adapters, by PyTorch and peft: the loss, the adapters'
gradients, the logits of the merged model, and what peft writes.

    HF_HUB_OFFLINE=1 python eval/parity/adapter_goldens.py

Needs torch, transformers, peft and safetensors. Every weight is random, norms too. Each target runs as a text of its own
behind its source: Trawl packs them behind one encoding of it.
"""

import json
import os
import shutil
import tempfile

import torch
from models_goldens import golden, short, write
from peft import LoraConfig, get_peft_model
from safetensors import safe_open
from transformers import LlamaConfig, LlamaForCausalLM

VOCABULARY = 60
ITEMS = [
    ([1, 7, 8, 9, 2], [[10, 11, 12, 7], [13], [14, 15, 16, 17, 18, 19]]),
    ([1, 20, 2], [[21, 22, 23]]),
    ([1, 30, 31, 32, 33, 34, 35, 36, 2], [[37, 38, 30, 31, 39, 40, 41, 42, 43, 44], [59, 58]]),
]
SMOOTHING = 0.1
MODULES = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
RANK = 4


def make():
    torch.manual_seed(17)
    model = LlamaForCausalLM(LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=36, intermediate_size=40, num_hidden_layers=2, num_attention_heads=6,
        num_key_value_heads=2, max_position_embeddings=64, rms_norm_eps=1e-5, tie_word_embeddings=True,
        bos_token_id=1, eos_token_id=2, pad_token_id=0))
    with torch.no_grad():
        for key, parameter in sorted(model.named_parameters()):
            parameter.copy_(torch.randn_like(parameter) * 0.2)
            if "norm" in key:
                parameter.add_(1)
    return model


def loss_of(model):
    total, count = 0, 0
    for source, targets in ITEMS:
        for target in targets:
            logits = model(input_ids=torch.tensor([source + target])).logits[0]
            total = total + torch.nn.functional.cross_entropy(
                logits[len(source) - 1:-1], torch.tensor(target), label_smoothing=SMOOTHING, reduction="sum")
            count += len(target)
    return total / count


def main():
    base, folder = golden("Training", "tiny-llama"), golden("Training", "tiny-llama-adapter")
    model = make()
    with tempfile.TemporaryDirectory() as temporary:
        model.save_pretrained(temporary)
        shutil.rmtree(base, ignore_errors=True)
        shutil.copytree(temporary, base)
    adapted = get_peft_model(model, LoraConfig(
        r=RANK, lora_alpha=8, target_modules=MODULES, lora_dropout=0, bias="none", task_type="CAUSAL_LM"))
    with torch.no_grad():
        for key, parameter in sorted(adapted.named_parameters()):
            if "lora_" in key:
                parameter.copy_(torch.randn_like(parameter) * 0.2)
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory() as temporary:
        adapted.save_pretrained(temporary)
        os.makedirs(folder)
        with open(temporary + "/adapter_config.json") as file:
            configuration = json.load(file)
        configuration["base_model_name_or_path"] = "tiny-llama"
        configuration["target_modules"].sort()
        with open(folder + "/adapter_config.json", "w") as file:
            json.dump(configuration, file, indent=2, sort_keys=True)
        shutil.copy(temporary + "/adapter_model.safetensors", folder)
    with open(folder + "/config.json", "w") as file:
        json.dump(dict(model_type="trawl-adapter", trawl_base_model="tiny-llama"), file)
    adapted.train()
    loss = loss_of(adapted)
    loss.backward()
    result = dict(items=ITEMS, smoothing=SMOOTHING, loss=float(loss), gradients={}, shapes={}, logits=[])
    for key, parameter in adapted.named_parameters():
        if parameter.grad is not None:
            values = parameter.grad.flatten()
            result["gradients"][key.replace(".default", "")] = short(values[::max(1, parameter.numel() // 16)])
    with safe_open(folder + "/adapter_model.safetensors", "pt") as file:
        result["shapes"] = {key: list(file.get_tensor(key).shape) for key in sorted(file.keys())}
    merged = adapted.merge_and_unload().eval()
    with torch.no_grad():
        result["logits"] = short(merged(input_ids=torch.tensor([ITEMS[2][0]])).logits[0])
    write(golden("Training", "tiny-llama-adapter.json"), result)


main()
