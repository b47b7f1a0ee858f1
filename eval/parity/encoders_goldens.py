"""Golden data for the tests of encoder architectures: tiny random checkpoints and the states that transformers computes.

    HF_HUB_OFFLINE=1 python eval/parity/encoders_goldens.py [xlm_roberta] [distilbert] [mpnet] [nomic_bert] [modernbert] [t5]

Needs numpy, torch, transformers, tokenizers and safetensors. Without arguments all are made.
"""

import os
import shutil
import sys

import numpy as np
import torch
from models_goldens import golden, passages, short, write

VOCABULARY = 150
# One token, a handful, and more than two tiles of queries.
LENGTHS = (1, 9, 130)
# The states of every so many tokens are kept.
STEP = 13


def randomise(model, seed):
    """Biases and norms too: transformers leaves them at 0 and 1, where a forgotten one would not show."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            is_norm = "norm" in name.lower() or "emb_ln" in name
            if is_norm and name.endswith("weight"):
                parameter.copy_(1 + 0.3 * noise)
            else:
                parameter.copy_(noise * (0.3 if parameter.ndim == 1 else 1.2 / parameter.shape[-1] ** 0.5))
    return model.eval()


def save(name, model, seed, segments=False):
    """Saves the model and the states of inputs of several lengths."""
    model = randomise(model, seed)
    folder = golden("Models", name)
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    random = np.random.default_rng(seed)
    rows = []
    for length in LENGTHS:
        ids = random.integers(3, VOCABULARY, length).tolist()
        row, more = {"ids": ids}, {}
        if segments:
            row["segments"] = [int(i > length // 2) for i in range(length)]
            more["token_type_ids"] = torch.tensor([row["segments"]])
        with torch.no_grad():
            states = model(input_ids=torch.tensor([ids]), **more).last_hidden_state[0]
        rows.append({**row, "step": STEP, "states": short(states[::STEP])})
    write(f"{folder}/golden.json", rows)
    return folder


def xlm_roberta():
    from transformers import XLMRobertaConfig, XLMRobertaModel

    config = XLMRobertaConfig(
        vocab_size=VOCABULARY, hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=40,
        max_position_embeddings=134, type_vocab_size=1, layer_norm_eps=1e-3)
    save("tiny-xlm-roberta", XLMRobertaModel(config, add_pooling_layer=False), 21)


def distilbert():
    from transformers import DistilBertConfig, DistilBertModel

    config = DistilBertConfig(
        vocab_size=VOCABULARY, dim=24, n_layers=2, n_heads=3, hidden_dim=40, max_position_embeddings=132)
    save("tiny-distilbert", DistilBertModel(config), 22)


def mpnet():
    from transformers import MPNetConfig, MPNetModel

    config = MPNetConfig(
        vocab_size=VOCABULARY, hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=40,
        max_position_embeddings=134, layer_norm_eps=1e-5)
    save("tiny-mpnet", MPNetModel(config, add_pooling_layer=False), 23)


def nomic_bert():
    from transformers import NomicBertConfig, NomicBertModel

    config = NomicBertConfig(
        vocab_size=VOCABULARY, hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=40,
        max_position_embeddings=132, head_dim=12, layer_norm_eps=1e-4)
    save("tiny-nomic-bert", NomicBertModel(config), 24, segments=True)


def modernbert():
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import ModernBertConfig, ModernBertModel

    # Layers 0 and 3 see all tokens, 1 and 2 four to each side. The tokenizer has a line for each of its bytes.
    config = ModernBertConfig(
        vocab_size=300, hidden_size=24, num_hidden_layers=4, num_attention_heads=3, intermediate_size=20,
        max_position_embeddings=132, local_attention=8, norm_eps=1e-4, pad_token_id=0, bos_token_id=1, eos_token_id=2,
        cls_token_id=1, sep_token_id=2)
    folder = save("tiny-modernbert", ModernBertModel(config), 25)
    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(passages(20), trainers.BpeTrainer(
        vocab_size=300, special_tokens=["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)])
    save_tokenizer(folder, tokenizer)


def t5():
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import T5Config, T5EncoderModel

    # The heads are wider than the hidden units have room for; distances fall into few buckets, or into the usual ones.
    config = T5Config(
        vocab_size=VOCABULARY, d_model=24, d_kv=10, d_ff=40, num_layers=2, num_heads=3,
        relative_attention_num_buckets=8, relative_attention_max_distance=20, feed_forward_proj="relu",
        layer_norm_epsilon=1e-4)
    folder = save("tiny-t5", T5EncoderModel(config), 26)
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace("  ", " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.train_from_iterator(passages(20), trainers.UnigramTrainer(
        vocab_size=VOCABULARY, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)])
    save_tokenizer(folder, tokenizer)

    config = T5Config(
        vocab_size=VOCABULARY, d_model=24, d_kv=8, d_ff=32, num_layers=2, num_heads=3, feed_forward_proj="gated-gelu",
        tie_word_embeddings=False)
    save("tiny-t5-gated", T5EncoderModel(config), 27)


def save_tokenizer(folder, tokenizer):
    tokenizer.save(f"{folder}/tokenizer.json")
    texts = ["Where is the tower?", "", "a  b", "naïve café ﬁsh 北京"] + passages(2)
    write(f"{folder}/tokens.json", [{"text": text, "ids": tokenizer.encode(text).ids} for text in texts])


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    for name in sys.argv[1:] or ["xlm_roberta", "distilbert", "mpnet", "nomic_bert", "modernbert", "t5"]:
        globals()[name]()
