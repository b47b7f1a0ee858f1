"""Golden data for late interaction: tiny ColBERT checkpoints and their token vectors, computed with numpy alone.

    python eval/parity/late_goldens.py

Needs numpy, scipy, safetensors and tokenizers. One checkpoint has the layout of colbert-ir (artifact.metadata, linear.weight
beside BERT's tensors), the other that of PyLate (1_Dense). The reading of texts follows colbert-ir's QueryTokenizer and
DocTokenizer: a marker after [CLS], queries filled up with [MASK], punctuation of passages left out.
"""

import json
import math
import os

import numpy as np
from safetensors.numpy import save_file
from scipy.special import erf
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GOLDEN = f"{ROOT}/Tests/EmbeddingsTests/Golden"
HIDDEN, LAYERS, HEADS, INNER, POSITIONS, DIMENSION = 16, 2, 2, 24, 40, 8
PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
QUERIES = ["what moves the tides", "moon", "how do plants make sugar from light, water and air when the moon is out tonight"]
PASSAGES = [
    "The moon pulls the oceans; they rise, and fall!",
    "...",
    "Plants turn light and water into sugar (and air).",
    "the moon " * 20,
]


def tokenizer():
    words = "the moon pulls oceans they rise and fall plants turn light water into sugar air what moves tides how do make".split()
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    tokens = ["[PAD]", "[unused0]", "[unused1]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[Q] ", "[D] "]
    tokens += list(PUNCTUATION) + letters + ["##" + letter for letter in letters] + words
    result = Tokenizer(models.WordPiece({token: id for id, token in enumerate(tokens)}, unk_token="[UNK]"))
    result.normalizer = normalizers.BertNormalizer(lowercase=True)
    result.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    result.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    ends = [("[CLS]", result.token_to_id("[CLS]")), ("[SEP]", result.token_to_id("[SEP]"))]
    result.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=ends)
    return result


def weights(vocabulary, random):
    def matrix(*shape):
        return (random.standard_normal(shape) * 0.4).astype(np.float32)

    tensors = {
        "embeddings.word_embeddings.weight": matrix(vocabulary, HIDDEN),
        "embeddings.position_embeddings.weight": matrix(POSITIONS, HIDDEN),
        "embeddings.token_type_embeddings.weight": matrix(2, HIDDEN),
    }

    def norm(name):
        tensors[name + ".weight"] = 1 + matrix(HIDDEN) / 4
        tensors[name + ".bias"] = matrix(HIDDEN) / 4

    def linear(name, outputs, inputs):
        tensors[name + ".weight"] = matrix(outputs, inputs)
        tensors[name + ".bias"] = matrix(outputs) / 4

    norm("embeddings.LayerNorm")
    for layer in range(LAYERS):
        prefix = f"encoder.layer.{layer}."
        for part in ("query", "key", "value"):
            linear(prefix + "attention.self." + part, HIDDEN, HIDDEN)
        linear(prefix + "attention.output.dense", HIDDEN, HIDDEN)
        norm(prefix + "attention.output.LayerNorm")
        linear(prefix + "intermediate.dense", INNER, HIDDEN)
        linear(prefix + "output.dense", HIDDEN, INNER)
        norm(prefix + "output.LayerNorm")
    return tensors


def encode(tensors, ids, visible):
    """The last hidden states, in double precision; only the first `visible` tokens are attended to."""

    def get(name):
        return tensors[name].astype(np.float64)

    def norm(x, name):
        x = x - x.mean(-1, keepdims=True)
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-12) * get(name + ".weight") + get(name + ".bias")

    def linear(x, name):
        return x @ get(name + ".weight").T + get(name + ".bias")

    count = len(ids)
    x = get("embeddings.word_embeddings.weight")[ids] + get("embeddings.position_embeddings.weight")[:count]
    x = norm(x + get("embeddings.token_type_embeddings.weight")[0], "embeddings.LayerNorm")
    width = HIDDEN // HEADS
    for layer in range(LAYERS):
        prefix = f"encoder.layer.{layer}."
        q, k, v = [
            linear(x, prefix + "attention.self." + part).reshape(count, HEADS, width).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        ]
        scores = q @ k.transpose(0, 2, 1) / math.sqrt(width)
        scores[:, :, visible:] = -np.inf
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        context = (scores @ v).transpose(1, 0, 2).reshape(count, HIDDEN)
        x = norm(linear(context, prefix + "attention.output.dense") + x, prefix + "attention.output.LayerNorm")
        inner = linear(x, prefix + "intermediate.dense")
        inner = inner * 0.5 * (1 + erf(inner / math.sqrt(2)))
        x = norm(linear(inner, prefix + "output.dense") + x, prefix + "output.LayerNorm")
    return x


def arrange(ids, marker, limit):
    ids = [ids[0], marker] + ids[1:]
    return ids if len(ids) <= limit else ids[: limit - 1] + [ids[-1]]


def rounded(vectors):
    return [[float(f"{value:.7g}") for value in row] for row in vectors]


def save(name, value):
    with open(name, "w") as file:
        json.dump(value, file, ensure_ascii=False, separators=(",", ":"))
        file.write("\n")


def make(name, layout):
    random = np.random.default_rng(len(name))
    folder = f"{GOLDEN}/{name}"
    os.makedirs(folder, exist_ok=True)
    pieces = tokenizer()
    pieces.save(f"{folder}/tokenizer.json", pretty=False)
    tensors = weights(pieces.get_vocab_size(), random)
    head = (random.standard_normal((DIMENSION, HIDDEN)) * 0.4).astype(np.float32)
    configuration = {
        "architectures": ["HF_ColBERT" if layout == "colbert" else "BertModel"], "model_type": "bert", "hidden_act": "gelu",
        "hidden_size": HIDDEN, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "intermediate_size": INNER,
        "max_position_embeddings": POSITIONS, "type_vocab_size": 2, "vocab_size": pieces.get_vocab_size(),
        "layer_norm_eps": 1e-12, "pad_token_id": 0,
    }
    save(f"{folder}/config.json", configuration)
    if layout == "colbert":
        settings = {
            "query_token_id": "[unused0]", "doc_token_id": "[unused1]", "query_maxlen": 16, "doc_maxlen": 24,
            "dim": DIMENSION, "mask_punctuation": True, "attend_to_mask_tokens": False,
        }
        save(f"{folder}/artifact.metadata", settings)
        save_file({**{f"bert.{key}": value for key, value in tensors.items()}, "linear.weight": head}, f"{folder}/model.safetensors")
        markers, lengths, sees_masks, skipped = ("[unused0]", "[unused1]"), (16, 24), False, PUNCTUATION
    else:
        settings = {
            "query_prefix": "[Q] ", "document_prefix": "[D] ", "query_length": 14, "document_length": 20,
            "attend_to_expansion_tokens": True, "do_query_expansion": True, "skiplist_words": [".", ","],
        }
        save(f"{folder}/config_sentence_transformers.json", settings)
        modules = [
            {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Dense", "type": "pylate.models.Dense.Dense"},
        ]
        save(f"{folder}/modules.json", modules)
        os.makedirs(f"{folder}/1_Dense", exist_ok=True)
        dense = {
            "in_features": HIDDEN, "out_features": DIMENSION, "bias": False,
            "activation_function": "torch.nn.modules.linear.Identity",
        }
        save(f"{folder}/1_Dense/config.json", dense)
        save_file({"linear.weight": head}, f"{folder}/1_Dense/model.safetensors")
        save_file(tensors, f"{folder}/model.safetensors")
        markers, lengths, sees_masks, skipped = ("[Q] ", "[D] "), (14, 20), True, ".,"
    mask = pieces.token_to_id("[MASK]")
    skiplist = {pieces.token_to_id(character) for character in skipped}
    golden = {"queries": [], "passages": []}
    for role, (marker, limit) in enumerate(zip(markers, lengths)):
        for text in (QUERIES, PASSAGES)[role]:
            ids = arrange(pieces.encode(text).ids, pieces.token_to_id(marker), limit)
            visible = len(ids)
            if role == 0:
                ids += [mask] * (limit - len(ids))
            states = encode(tensors, ids, len(ids) if sees_masks else visible)
            kept = [place for place, id in enumerate(ids) if role == 0 or id not in skiplist]
            vectors = states[kept] @ head.astype(np.float64).T
            vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
            golden[("queries", "passages")[role]].append({"text": text, "vectors": rounded(vectors)})
    save(f"{folder}/golden.json", golden)
    print(folder, os.path.getsize(f"{folder}/model.safetensors"))


make("tiny-colbert", "colbert")
make("tiny-pylate", "pylate")
