"""Turns a BART checkpoint of fairseq (a `.pt` file, such as SEAL's generators) into a folder that Trawl and transformers
read.

    python eval/convert/fairseq_bart.py SEAL.NQ.pt OUT --tokenizer FOLDER
    python eval/convert/fairseq_bart.py SEAL.NQ.pt OUT --dictionary dict.txt --encoder encoder.json --merges vocab.bpe

Needs torch, numpy and safetensors; with --encoder also tokenizers. OUT gets model.safetensors, config.json and
tokenizer.json. indexes/minder.yaml is a recipe for an index that such a folder searches as published.

What fairseq has and what becomes of it:

  encoder.embed_tokens.weight           model.shared.weight. The decoder's table and `decoder.output_projection.weight`
  decoder.embed_tokens.weight           must be the same numbers: transformers ties all three.
  encoder.embed_positions.weight        model.encoder.embed_positions.weight, with the two rows in front that fairseq
                                        leaves for padding; positions are 2 fewer than rows.
  encoder.layers.N.self_attn.q_proj...  the same behind `model.`. `in_proj_weight` and `in_proj_bias` of old checkpoints
                                        are cut into thirds: query, key, value.
  encoder.version, *._float_tensor      dropped

The embedding has 4 rows for <s>, <pad>, </s> and <unk> (ids 0 to 3), one for each line of dict.txt in its order, and in
a checkpoint that was trained to fill gaps a last one for <mask>. A line of BART's dict.txt is the decimal id of a token in
GPT-2's encoder.json, or a filler (madeupword0000). So ids are not GPT-2's: the tokenizer comes either from a folder that
has been converted already (--tokenizer; facebook/bart-large fits every checkpoint fine-tuned from it), or is made here from
dict.txt and GPT-2's files.

Heads, activation and the scaling of embeddings stand in the checkpoint's arguments; where it has none, BART's own hold: a
head for every 64 units, gelu, no scaling. The pickle is read without running what is in it, unless --trust is given.
"""

import argparse
import json
import os
import re
import shutil
import sys

SPECIALS = ["<s>", "<pad>", "</s>", "<unk>"]
MASK = "<mask>"
DROPPED = re.compile(r"(^|\.)(version|_float_tensor)$|^decoder\.output_projection\.weight$")


def fail(message):
    sys.exit(f"fairseq_bart.py: {message}")


def load(path, trust=False):
    """The state dict and the arguments of a checkpoint."""
    import torch

    try:
        with torch.serialization.safe_globals([argparse.Namespace]):
            checkpoint = torch.load(path, map_location="cpu", weights_only=not trust)
    except Exception as error:
        if trust:
            raise
        fail(f"{path} holds more than weights ({str(error).splitlines()[0]}); --trust runs it, if you know who made it")
    state = checkpoint.get("model", checkpoint)
    arguments = checkpoint.get("args")
    if arguments is None:
        arguments = (checkpoint.get("cfg") or {}).get("model")
    if arguments is None:
        arguments = {}
    if isinstance(arguments, argparse.Namespace):
        arguments = vars(arguments)
    return state, dict(arguments)


def renamed(state):
    """The tensors under transformers' names, tied ones once."""
    import torch

    words = state.get("encoder.embed_tokens.weight")
    if words is None:
        fail("there is no encoder.embed_tokens.weight: this is no encoder-decoder of fairseq")
    for name in ("decoder.embed_tokens.weight", "decoder.output_projection.weight"):
        if name in state and not torch.equal(state[name], words):
            fail(f"{name} is not encoder.embed_tokens.weight; BART ties them")
    result = {"model.shared.weight": words}
    for name, tensor in state.items():
        if DROPPED.search(name) or name.endswith("embed_tokens.weight"):
            continue
        if not re.match(r"(encoder|decoder)\.(embed_positions|layernorm_embedding|layers\.\d+)\.", name):
            fail(f"the tensor {name} has no place in BART")
        fused = re.match(r"(.*attn\.)in_proj_(weight|bias)$", name)
        if fused:
            for part, third in zip("qkv", tensor.chunk(3)):
                result[f"model.{fused[1]}{part}_proj.{fused[2]}"] = third
        else:
            result["model." + name] = tensor
    for side in ("encoder", "decoder"):
        if f"model.{side}.layernorm_embedding.weight" not in result:
            fail(f"{side}.layernorm_embedding is missing: this is another transformer than BART")
    return result


def configuration(tensors, arguments):
    rows, hidden = tensors["model.shared.weight"].shape
    expected = {"normalize_before": False, "learned_pos": True}
    for name in (f"{side}_{setting}" for side in ("encoder", "decoder") for setting in expected):
        if arguments.get(name, expected[name.split("_", 1)[1]]) != expected[name.split("_", 1)[1]]:
            fail(f"{name} is {arguments[name]}, which it is not in BART")

    def layers(side):
        numbers = [re.match(rf"model\.{side}\.layers\.(\d+)\.", name) for name in tensors]
        return 1 + max(int(match[1]) for match in numbers if match)

    def heads(side):
        return int(arguments.get(f"{side}_attention_heads") or max(1, hidden // 64))

    return {
        "architectures": ["BartForConditionalGeneration"], "model_type": "bart", "is_encoder_decoder": True,
        "vocab_size": rows, "d_model": hidden,
        "encoder_layers": layers("encoder"), "decoder_layers": layers("decoder"),
        "encoder_attention_heads": heads("encoder"), "decoder_attention_heads": heads("decoder"),
        "encoder_ffn_dim": tensors["model.encoder.layers.0.fc1.weight"].shape[0],
        "decoder_ffn_dim": tensors["model.decoder.layers.0.fc1.weight"].shape[0],
        "max_position_embeddings": tensors["model.encoder.embed_positions.weight"].shape[0] - 2,
        "activation_function": arguments.get("activation_fn", "gelu"),
        "scale_embedding": not arguments.get("no_scale_embedding", True),
        "tie_word_embeddings": True, "bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2,
        "decoder_start_token_id": 2, "forced_bos_token_id": None, "forced_eos_token_id": None,
    }


def tokenizer(dictionary, encoder, merges, rows):
    """GPT-2's byte pairs under the ids of dict.txt."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors

    with open(encoder, encoding="utf-8") as file:
        tokens = {str(number): token for token, number in json.load(file).items()}
    with open(dictionary, encoding="utf-8") as file:
        entries = [line.rsplit(" ", 1)[0] for line in file.read().splitlines() if line]
    missing = rows - len(SPECIALS) - len(entries)
    if missing not in (0, 1):
        fail(f"the embedding has {rows} rows; {dictionary} has {len(entries)} entries, to which 4 or 5 specials come")
    names = SPECIALS + [tokens.get(entry, entry) for entry in entries] + [MASK] * missing
    vocabulary = {name: number for number, name in enumerate(names)}
    if len(vocabulary) != rows:
        fail(f"{dictionary} names a token twice")
    with open(merges, encoding="utf-8") as file:
        pairs = [tuple(line.split(" ")) for line in file.read().splitlines() if line and not line.startswith("#version")]
    # A pair without a row cannot be made: its tokens stay apart, as their ids are known.
    pairs = [pair for pair in pairs if all(name in vocabulary for name in (*pair, "".join(pair)))]
    result = Tokenizer(models.BPE(vocab=vocabulary, merges=pairs, unk_token="<unk>"))
    result.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    result.decoder = decoders.ByteLevel()
    result.post_processor = processors.RobertaProcessing(
        ("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=False)
    result.add_special_tokens(
        [AddedToken(name, special=True, normalized=False, lstrip=name == MASK) for name in SPECIALS + [MASK] * missing])
    return result


def convert(checkpoint, out, tokenizer_folder=None, dictionary=None, encoder=None, merges=None, half=False, trust=False):
    from safetensors.torch import save_file

    state, arguments = load(checkpoint, trust)
    tensors = renamed(state)
    settings = configuration(tensors, arguments)
    os.makedirs(out, exist_ok=True)
    if dictionary:
        made = tokenizer(dictionary, encoder, merges, settings["vocab_size"])
        made.save(f"{out}/tokenizer.json")
    elif tokenizer_folder:
        with open(f"{tokenizer_folder}/tokenizer.json", encoding="utf-8") as file:
            known = len(json.load(file)["model"]["vocab"])
        if known - settings["vocab_size"] not in (0, 1):
            fail(f"{tokenizer_folder} has {known} tokens, the embedding {settings['vocab_size']} rows")
        if known > settings["vocab_size"]:
            # Fine-tuned without <mask>, which the tokenizer has: its row is never used but must be there.
            words = tensors["model.shared.weight"]
            tensors["model.shared.weight"] = words.new_zeros(known, words.shape[1])
            tensors["model.shared.weight"][: words.shape[0]] = words
            settings["vocab_size"] = known
        shutil.copy(f"{tokenizer_folder}/tokenizer.json", out)
    kept = {name: (tensor.half() if half else tensor.float()).contiguous().clone() for name, tensor in tensors.items()}
    save_file(kept, f"{out}/model.safetensors", metadata={"format": "pt"})
    with open(f"{out}/config.json", "w") as file:
        json.dump(settings, file, indent=2)
    return settings


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", help="the .pt file")
    parser.add_argument("out", help="the folder to write")
    parser.add_argument("--tokenizer", help="a folder with the tokenizer.json that belongs to the checkpoint's dict.txt")
    parser.add_argument("--dictionary", help="fairseq's dict.txt")
    parser.add_argument("--encoder", help="GPT-2's encoder.json (vocab.json)")
    parser.add_argument("--merges", help="GPT-2's vocab.bpe (merges.txt)")
    parser.add_argument("--half", action="store_true", help="store half precision")
    parser.add_argument("--trust", action="store_true", help="run the pickle, which can do anything")
    options = parser.parse_args()
    if options.dictionary and not (options.encoder and options.merges):
        parser.error("--dictionary needs --encoder and --merges")
    done = convert(options.checkpoint, options.out, options.tokenizer, options.dictionary, options.encoder,
                   options.merges, options.half, options.trust)
    print(f"{options.out}: {done['encoder_layers']} + {done['decoder_layers']} layers of {done['d_model']}, "
          f"{done['vocab_size']} tokens")
