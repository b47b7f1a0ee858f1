"""Golden data for the training of embedding models made of decoders: the loss of a step, the gradients of the adapters, and the
folder that peft and sentence-transformers keep, as they compute and write them.

    HF_HUB_OFFLINE=1 python eval/parity/embedder_adapter_goldens.py

Needs torch, transformers, peft and sentence-transformers. The decoder is that of Tests/EmbeddingsTests/Golden/tiny-qwen3, whose heads
have norms, with last-token pooling; the adapters are random.
"""

import json
import os

import torch
from peft import LoraConfig, get_peft_model
from sentence_transformers.util import cos_sim
from transformers import AutoModel, AutoTokenizer

TESTS = os.path.join(os.path.dirname(__file__), "..", "..", "Tests")
MODEL = os.path.join(TESTS, "EmbeddingsTests", "Golden", "tiny-qwen3")
OUTPUT = os.path.join(TESTS, "TrainingTests", "Golden", "embedder-adapter-step.json")
TEMPERATURE = 0.05
TASK = "Instruct: find what answers\nQuery: "
QUERIES = ["who built the tower", "river water"]
# Of each query the relevant passage and another.
GROUPS = [["the tower of the city", "the bridge of the river"], ["water and the river", "the city bridge"]]
MODULES = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]

tokenizer = AutoTokenizer.from_pretrained(MODEL)
torch.manual_seed(5)
model = get_peft_model(
    AutoModel.from_pretrained(MODEL, attn_implementation="eager"),
    LoraConfig(
        r=4, lora_alpha=8, target_modules=MODULES, lora_dropout=0, bias="none", task_type="FEATURE_EXTRACTION"))
with torch.no_grad():
    for key, parameter in sorted(model.named_parameters()):
        if "lora_" in key:
            parameter.copy_(torch.round(torch.randn_like(parameter) * 0.2, decimals=2))


def embed(texts):
    rows = []
    for text in texts:
        states = model(input_ids=torch.tensor([tokenizer(text)["input_ids"]])).last_hidden_state
        rows.append(states[0, -1])
    return torch.nn.functional.normalize(torch.stack(rows), dim=-1)


passages = [passage for group in GROUPS for passage in group]
scores = cos_sim(embed([TASK + query for query in QUERIES]), embed(passages)) / TEMPERATURE
loss = torch.nn.functional.cross_entropy(scores, torch.arange(len(QUERIES)) * 2)
loss.backward()
result = {
    "temperature": TEMPERATURE, "queries": QUERIES, "groups": GROUPS, "rank": 4, "alpha": 8, "loss": loss.item(),
    "parameters": {}, "gradients": {},
}
for key, parameter in model.named_parameters():
    if "lora_" not in key:
        continue
    name = key.replace(".default", "")
    assert parameter.grad is not None
    result["parameters"][name] = [round(value, 2) for value in parameter.flatten().tolist()]
    step = max(1, parameter.numel() // 8)
    result["gradients"][name] = [float(f"{value:.6g}") for value in parameter.grad.flatten()[::step].tolist()]
with open(OUTPUT, "w") as file:
    json.dump(result, file, separators=(",", ":"))
    file.write("\n")
