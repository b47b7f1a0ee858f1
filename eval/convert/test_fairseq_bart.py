"""Tests fairseq_bart.py on made-up checkpoints: `python eval/convert/test_fairseq_bart.py`. Needs transformers too."""

import argparse
import json
import os
import tempfile

import torch
from fairseq_bart import convert
from tokenizers import Tokenizer
from transformers import BartConfig, BartForConditionalGeneration

LETTERS = [chr(c) for c in range(33, 127)] + ["Ġ"]


def model(rows):
    torch.manual_seed(1)
    built = BartForConditionalGeneration(BartConfig(
        vocab_size=rows, d_model=32, encoder_layers=2, decoder_layers=3, encoder_attention_heads=4,
        decoder_attention_heads=4, encoder_ffn_dim=40, decoder_ffn_dim=40, max_position_embeddings=30)).eval()
    with torch.no_grad():
        for parameter in built.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.3)
    return built


def fairseq(built, fused):
    """The state dict that fairseq would have saved."""
    state = {}
    for name, tensor in built.model.state_dict().items():
        if name != "shared.weight":
            state[name] = tensor.clone()
    if fused:
        for name in [n for n in state if "q_proj" in n]:
            parts = [state.pop(name.replace("q_proj", p + "_proj")) for p in "qkv"]
            state[name.replace("q_proj.", "in_proj_")] = torch.cat(parts)
    state["encoder.version"] = state["decoder.version"] = torch.tensor([3.0])
    state["encoder.embed_positions._float_tensor"] = torch.zeros(1)
    state["decoder.output_projection.weight"] = built.model.shared.weight.detach().clone()
    return state


def check(fused, mask, arguments):
    with tempfile.TemporaryDirectory() as home:
        # dict.txt orders GPT-2's tokens anew and has a filler.
        gpt = {token: number for number, token in enumerate(LETTERS + ["th", "the", "Ġthe"])}
        with open(f"{home}/encoder.json", "w") as file:
            json.dump(gpt, file)
        with open(f"{home}/vocab.bpe", "w") as file:
            file.write("#version: 0.2\nt h\nth e\nĠ the\n")
        with open(f"{home}/dict.txt", "w") as file:
            file.writelines(f"{number} {1000 - number}\n" for number in reversed(gpt.values()))
            file.write("madeupword0000 0\n")
        rows = 4 + len(gpt) + 1 + mask
        built = model(rows)
        torch.save({"model": fairseq(built, fused), **arguments}, f"{home}/model.pt")
        convert(f"{home}/model.pt", f"{home}/out", dictionary=f"{home}/dict.txt", encoder=f"{home}/encoder.json",
                merges=f"{home}/vocab.bpe")
        loaded = BartForConditionalGeneration.from_pretrained(f"{home}/out").eval()
        ids, forced = torch.tensor([[0, 7, 9, 2]]), torch.tensor([[2, 5, 6]])
        with torch.no_grad():
            difference = (loaded(ids, decoder_input_ids=forced).logits - built(ids, decoder_input_ids=forced).logits)
        assert difference.abs().max() == 0, difference.abs().max()
        tokenizer = Tokenizer.from_file(f"{home}/out/tokenizer.json")
        encoded = tokenizer.encode("a the")
        assert encoded.tokens == ["<s>", "a", "Ġthe", "</s>"], encoded.tokens
        assert encoded.ids == [0, 4 + len(gpt) - 1 - gpt["a"], 4, 2], encoded.ids
        assert tokenizer.get_vocab_size() == rows and (tokenizer.token_to_id("<mask>") == rows - 1) == bool(mask)
        # Through a folder that has a token more, <mask>, than the checkpoint has rows.
        if not mask:
            with open(f"{home}/out/tokenizer.json") as file:
                larger = json.load(file)
            larger["model"]["vocab"]["<mask>"] = rows
            os.makedirs(f"{home}/known")
            with open(f"{home}/known/tokenizer.json", "w") as file:
                json.dump(larger, file)
            assert convert(f"{home}/model.pt", f"{home}/again", tokenizer_folder=f"{home}/known")["vocab_size"] == rows + 1


heads = {"encoder_attention_heads": 4, "decoder_attention_heads": 4, "activation_fn": "gelu", "no_scale_embedding": True}
check(fused=False, mask=1, arguments={"args": argparse.Namespace(**heads)})
check(fused=True, mask=0, arguments={"cfg": {"model": heads}})
print("all passed")
