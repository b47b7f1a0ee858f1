"""Golden data for rerankers: tiny random checkpoints of every kind and the scores that transformers computes.

    HF_HUB_OFFLINE=1 python eval/parity/rerankers_goldens.py [distilbert] [electra] [modernbert] [deberta] [yes_no] [monot5]

Needs numpy, torch, transformers (4.48 made what is committed), tokenizers and safetensors. Without arguments all are made.
Every weight is random, biases and norms too.
"""

import json
import os
import shutil
import sys

import torch
from models_goldens import ROOT, golden, short, write
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

if not hasattr(torch, "compile"):
    # Torch 1.13, which Debian has, lacks what ModernBERT's code names when it is imported.
    class LayerNorm(torch.nn.LayerNorm):
        def __init__(self, normalized_shape, bias=True, **more):
            super().__init__(normalized_shape, **more)
            if not bias:
                self.register_parameter("bias", None)

    torch.nn.LayerNorm = LayerNorm
    torch.compile = lambda *_, **__: lambda function: function

LONGEST = 48
OVERLAP, WINDOWS = 32, 4
PAIRS = [
    ("what is the capital of france?", "paris is the capital and a city in france."),
    ("who built the bridge", "the bridge of the river"), ("river", ""), ("", "water"),
    ("where is the tower", "the tower in the water of the city " * 3),
    ("who built it?", " ".join(f"the tower {n} of france and the river {n * 7} is built." for n in range(12))),
    ("who built the tower of the city " * 5, "the bridge of the river, " * 9),
]


def randomise(model, seed):
    """Biases and norms too: transformers leaves them at 0 and 1, where a forgotten one would not show."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if "norm" in name.lower() and name.endswith("weight"):
                parameter.copy_(1 + 0.3 * noise)
            else:
                parameter.copy_(noise * (0.3 if parameter.ndim == 1 else 1.2 / parameter.shape[-1] ** 0.5))
    return model.eval()


def longest_first(first, second, space):
    """How many tokens of two texts stay, as `tokenizers` truncates pairs."""
    shorter, longer = min(first, second), max(first, second)
    kept_shorter, kept_longer = shorter, shorter if shorter > space else max(shorter, space - shorter)
    if kept_shorter + kept_longer > space:
        kept_shorter = space // 2
        kept_longer = kept_shorter + space % 2
    kept_longer = min(kept_longer, longer)
    return (kept_shorter, kept_longer) if first <= second else (kept_longer, kept_shorter)


def windows(count, size):
    """Where the windows over a passage of `count` tokens begin."""
    if count <= size:
        return [0]
    step = size - min(OVERLAP, size // 2)
    needed = 1 + -(-(count - size) // step)
    starts = [step * number for number in range(min(needed, WINDOWS))]
    if needed <= WINDOWS:
        starts[-1] = count - size
    return starts


def inputs(tokenizer, query, passage):
    """The ids and types of each window."""
    first = tokenizer.encode(query, add_special_tokens=False).ids
    second = tokenizer.encode(passage, add_special_tokens=False).ids
    template = tokenizer.encode("the", "the")
    ends = [i for i, special in enumerate(template.special_tokens_mask) if not special]
    space = LONGEST - (len(template.ids) - len(ends))
    kept, _ = longest_first(len(first), len(second), space)
    size = space - kept
    single = len(ends) // 2
    for start in windows(len(second), size):
        parts = [first[:kept], second[start : start + size]]
        ids, types = [], []
        for i, token in enumerate(template.ids):
            if i not in ends:
                ids.append(token)
                types.append(template.type_ids[i])
            elif i in (ends[0], ends[single]):
                part = parts[0 if i == ends[0] else 1]
                ids += part
                types += [template.type_ids[i]] * len(part)
        yield ids, types


def save(name, model, tokenizer, seed, segments=False):
    """The model and the logits of each window of each pair; the first window is what a truncating tokenizer gives."""
    randomise(model, seed)
    folder = golden("Reranking", name)
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    tokenizer.save(f"{folder}/tokenizer.json")
    truncating = Tokenizer.from_str(tokenizer.to_str())
    truncating.enable_truncation(LONGEST, strategy="longest_first")
    rows = []
    for query, passage in PAIRS:
        ids, logits = [], []
        for tokens, types in inputs(tokenizer, query, passage):
            more = {"token_type_ids": torch.tensor([types])} if segments else {}
            with torch.no_grad():
                out = model(input_ids=torch.tensor([tokens]), attention_mask=torch.ones(1, len(tokens)).long(), **more)
            ids.append(tokens)
            logits.append(short(out.logits[0]))
        assert ids[0] == truncating.encode(query, passage).ids, (query, passage)
        rows.append({"query": query, "passage": passage, "ids": ids, "logits": logits})
    write(f"{folder}/golden.json", rows)
    print(name, [[round(l[0], 2) for l in row["logits"]] for row in rows])


def word_pieces():
    return Tokenizer.from_file(f"{ROOT}/Tests/RerankingTests/Golden/tiny-cross-encoder-1/tokenizer.json")


def byte_level(special, before, between, after):
    """A byte-level BPE with a template for pairs; it learns from the pairs' own words."""
    tokenizer = Tokenizer(models.BPE(unk_token=None))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    words = [text for pair in PAIRS for text in pair] + ["yes no Yes No", "yes", "no"] * 3
    tokenizer.train_from_iterator(words, trainers.BpeTrainer(
        vocab_size=320, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False))
    if before:
        ids = [(token, special.index(token)) for token in special]
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{before} $A {after}", pair=f"{before} $A {between} $B {after}", special_tokens=ids)
    return tokenizer


def unigram(special, template, more=()):
    """A Unigram that learns from the pairs' own words, and has the pieces `more`."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    words = [text for pair in PAIRS for text in pair] + ["Query: Document: Relevant: true false"] * 4
    tokenizer.train_from_iterator(words, trainers.UnigramTrainer(
        vocab_size=120, special_tokens=special, unk_token=special[2], show_progress=False))
    definition = json.loads(tokenizer.to_str())
    definition["model"]["vocab"] += [[piece, -4.0] for piece in more]
    tokenizer = Tokenizer.from_str(json.dumps(definition))
    tokenizer.post_processor = processors.TemplateProcessing(
        single=template[0], pair=template[1], special_tokens=[(token, i) for i, token in enumerate(special)])
    return tokenizer


def distilbert():
    from transformers import DistilBertConfig, DistilBertForSequenceClassification

    tokenizer = word_pieces()
    config = DistilBertConfig(
        vocab_size=tokenizer.get_vocab_size(), dim=24, n_layers=2, n_heads=3, hidden_dim=40,
        max_position_embeddings=LONGEST, num_labels=1)
    save("tiny-distilbert", DistilBertForSequenceClassification(config), tokenizer, 31)


def electra():
    from transformers import ElectraConfig, ElectraForSequenceClassification

    tokenizer = word_pieces()
    config = ElectraConfig(
        vocab_size=tokenizer.get_vocab_size(), embedding_size=16, hidden_size=24, num_hidden_layers=2,
        num_attention_heads=3, intermediate_size=40, max_position_embeddings=LONGEST, num_labels=1)
    config.sentence_transformers = {"activation_fn": "torch.nn.modules.linear.Identity"}
    save("tiny-electra", ElectraForSequenceClassification(config), tokenizer, 32, segments=True)


def modernbert():
    from transformers import ModernBertConfig
    from transformers.models.modernbert.modeling_modernbert import ModernBertForSequenceClassification

    tokenizer = byte_level(["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"], "[CLS]", "[SEP]", "[SEP]")
    for pooling in ("cls", "mean"):
        config = ModernBertConfig(
            vocab_size=tokenizer.get_vocab_size(), hidden_size=24, num_hidden_layers=3, num_attention_heads=3,
            intermediate_size=20, max_position_embeddings=LONGEST, local_attention=8, norm_eps=1e-4, pad_token_id=0,
            bos_token_id=1, eos_token_id=2, cls_token_id=1, sep_token_id=2, num_labels=1, classifier_pooling=pooling,
            classifier_bias=pooling == "mean", norm_bias=pooling == "mean",
            classifier_activation="silu" if pooling == "mean" else "gelu", reference_compile=False,
            attn_implementation="eager")
        save(f"tiny-modernbert-{pooling}", ModernBertForSequenceClassification(config), tokenizer, 33)


def deberta():
    from transformers import DebertaV2Config, DebertaV2ForSequenceClassification

    tokenizer = unigram(["[PAD]", "[CLS]", "[UNK]", "[SEP]"], ("[CLS] $A [SEP]", "[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1"))
    sizes = dict(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=24, num_hidden_layers=2, num_attention_heads=3,
        intermediate_size=40, max_position_embeddings=LONGEST, num_labels=1, relative_attention=True,
        pooler_hidden_size=24, pooler_hidden_act="gelu", pooler_dropout=0)
    # As DeBERTa-v3: few buckets, of which far tokens share some.
    config = DebertaV2Config(
        **sizes, position_buckets=8, norm_rel_ebd="layer_norm", share_att_key=True, pos_att_type="p2c|c2p",
        position_biased_input=False, type_vocab_size=0)
    save("tiny-deberta-v3", DebertaV2ForSequenceClassification(config), tokenizer, 34)
    # Everything else: a row for each distance up to 20, projections of their own, positions and segments in the input.
    config = DebertaV2Config(
        **sizes, max_relative_positions=20, pos_att_type=["c2p", "p2c"], position_biased_input=True, type_vocab_size=2)
    save("tiny-deberta-v2", DebertaV2ForSequenceClassification(config), tokenizer, 35, segments=True)
    # One direction.
    config = DebertaV2Config(
        **sizes, position_buckets=8, share_att_key=True, pos_att_type=["c2p"], position_biased_input=False,
        type_vocab_size=0)
    save("tiny-deberta-c2p", DebertaV2ForSequenceClassification(config), tokenizer, 36)


def yes_no():
    """A decoder that says yes or no behind Qwen3-Reranker's template."""
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = byte_level(["<|endoftext|>", "<|im_start|>", "<|im_end|>"], None, None, None)
    config = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=24, intermediate_size=40, num_hidden_layers=2,
        num_attention_heads=3, num_key_value_heads=1, max_position_embeddings=1024, tie_word_embeddings=True,
        bos_token_id=0, eos_token_id=0)
    model = randomise(LlamaForCausalLM(config), 37)
    folder = golden("Reranking", "tiny-yes-no")
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    tokenizer.save(f"{folder}/tokenizer.json")
    # As the model card of Qwen3-Reranker has it.
    instruction = "Given a web search query, retrieve relevant passages that answer the query"
    prefix = ('<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct '
              'provided. Note that the answer can only be "yes" or "no".<|im_end|>\n<|im_start|>user\n')
    suffix = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
    yes, no = (tokenizer.token_to_id(word) for word in ("yes", "no"))
    rows = []
    for query, passage in PAIRS[:5]:
        text = f"{prefix}<Instruct>: {instruction}\n<Query>: {query}\n<Document>: {passage}{suffix}"
        ids = tokenizer.encode(text).ids
        with torch.no_grad():
            logits = model(torch.tensor([ids])).logits[0, -1]
        score = torch.log_softmax(torch.stack([logits[no], logits[yes]]), 0)[1].exp()
        rows.append({"query": query, "passage": passage, "ids": ids, "score": score.item(),
                     "yes": logits[yes].item(), "no": logits[no].item()})
    write(f"{folder}/golden.json", rows)


def monot5():
    from transformers import T5Config, T5ForConditionalGeneration

    tokenizer = unigram(["<pad>", "</s>", "<unk>"], ("$A </s>", "$A </s> $B </s>"), ("▁true", "▁false"))
    config = T5Config(
        vocab_size=tokenizer.get_vocab_size(), d_model=24, d_kv=8, d_ff=32, num_layers=2, num_heads=3,
        decoder_start_token_id=0, feed_forward_proj="relu")
    model = randomise(T5ForConditionalGeneration(config), 38)
    folder = golden("Reranking", "tiny-monot5")
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    tokenizer.save(f"{folder}/tokenizer.json")
    false, true = (tokenizer.token_to_id(word) for word in ("▁false", "▁true"))
    rows = []
    for query, passage in PAIRS[:5]:
        ids = tokenizer.encode(f"Query: {query} Document: {passage} Relevant:").ids
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([ids]), decoder_input_ids=torch.tensor([[0]]), use_cache=False).logits
        score = torch.log_softmax(logits[0, 0, [false, true]], 0)[1]
        rows.append({"query": query, "passage": passage, "ids": ids, "score": score.item()})
    write(f"{folder}/golden.json", rows)


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    for name in sys.argv[1:] or ["distilbert", "electra", "modernbert", "deberta", "yes_no", "monot5"]:
        globals()[name]()
