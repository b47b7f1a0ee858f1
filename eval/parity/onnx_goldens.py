"""Golden data for ONNX models: a tiny BERT in the layout that ONNX Runtime's optimiser gives an encoder, and its states.

    python eval/parity/onnx_goldens.py

Needs numpy, onnx, onnxruntime, safetensors and tokenizers. The weights are those of the tiny cross-encoder of
Tests/RerankingTests/Golden; the states are computed by ONNX Runtime. As in bge-small-en-v1.5-onnx-q, the matrices of queries,
keys and values are one, other matrices are transposed and have numbers for names, and word vectors are in half precision.
"""

import json
import os
import shutil

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file
from tokenizers import Tokenizer

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SOURCE = f"{ROOT}/Tests/RerankingTests/Golden/tiny-cross-encoder-1"
TARGET = f"{ROOT}/Tests/ModelsTests/Golden/tiny-onnx"
TEXTS = ["who built the tower", "water and the river of the city bridge", "city"]
EPSILON = 1e-12


class Graph:
    def __init__(self, tensors):
        self.tensors, self.nodes, self.weights, self.count = tensors, [], [], 0

    def weight(self, name, values=None):
        values = self.tensors[name] if values is None else values
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def add(self, kind, inputs, output, domain="", **attributes):
        self.nodes.append(helper.make_node(kind, inputs, [output], domain=domain, **attributes))
        return output

    def product(self, x, name, output):
        self.count += 1
        return self.add("MatMul", [x, self.weight(f"onnx::MatMul_{self.count}", self.tensors[name + ".weight"].T)], output)

    def norm(self, y, x, norm, bias, output):
        inputs = [y, x, self.weight(norm + ".weight"), self.weight(norm + ".bias"), self.weight(bias)]
        return self.add("SkipLayerNormalization", inputs, output, "com.microsoft", epsilon=EPSILON)


def build(tensors, layers, heads):
    graph = Graph(tensors)
    half = tensors["embeddings.word_embeddings.weight"].astype(np.float16)
    words = graph.add("Cast", [graph.weight("embeddings.word_embeddings.weight", half)], "words", to=TensorProto.FLOAT)
    word = graph.add("Gather", [words, "input_ids"], "word")
    kind = graph.add("Gather", [graph.weight("embeddings.token_type_embeddings.weight"), "token_type_ids"], "kind")
    place = graph.add("Gather", [graph.weight("embeddings.position_embeddings.weight"), "positions"], "place")
    x = graph.add("Add", [graph.add("Add", [word, kind], "word_kind"), place], "sum")
    norm = "embeddings.LayerNorm"
    x = graph.add(
        "LayerNormalization", [x, graph.weight(norm + ".weight"), graph.weight(norm + ".bias")], "states", epsilon=EPSILON
    )
    for index in range(layers):
        layer = f"encoder.layer.{index}."
        own = [layer + f"attention.self.{part}" for part in ("query", "key", "value")]
        matrix = graph.weight(f"Attention_{index}_qkv_weight", np.concatenate([tensors[n + ".weight"].T for n in own], axis=1))
        bias = graph.weight(f"Attention_{index}_qkv_bias", np.concatenate([tensors[n + ".bias"] for n in own]))
        y = graph.add("Attention", [x, matrix, bias], f"context{index}", "com.microsoft", num_heads=heads)
        y = graph.product(y, layer + "attention.output.dense", f"attention{index}")
        x = graph.norm(y, x, layer + "attention.output.LayerNorm", layer + "attention.output.dense.bias", f"middle{index}")
        y = graph.product(x, layer + "intermediate.dense", f"inner{index}")
        y = graph.add("BiasGelu", [y, graph.weight(layer + "intermediate.dense.bias")], f"gelu{index}", "com.microsoft")
        y = graph.product(y, layer + "output.dense", f"outer{index}")
        last = "last_hidden_state" if index == layers - 1 else f"states{index}"
        x = graph.norm(y, x, layer + "output.LayerNorm", layer + "output.dense.bias", last)
    shape = ["batch", "tokens"]
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, shape) for name in ("input_ids", "token_type_ids", "positions")]
    output = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, None)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(
        helper.make_graph(graph.nodes, "encoder", inputs, [output], graph.weights), opset_imports=opsets, ir_version=8
    )


def main():
    prefix = "bert."
    tensors = {name[len(prefix) :]: values for name, values in load_file(SOURCE + "/model.safetensors").items() if name.startswith(prefix)}
    with open(SOURCE + "/config.json") as file:
        configuration = json.load(file)
    os.makedirs(TARGET, exist_ok=True)
    path = TARGET + "/model_optimized.onnx"
    onnx.save(build(tensors, configuration["num_hidden_layers"], configuration["num_attention_heads"]), path)
    configuration["architectures"] = ["BertModel"]
    for name in ("sentence_transformers", "id2label", "label2id"):
        del configuration[name]
    with open(TARGET + "/config.json", "w") as file:
        json.dump(configuration, file, indent=2)
        file.write("\n")
    shutil.copy(SOURCE + "/tokenizer.json", TARGET)
    tokenizer = Tokenizer.from_file(SOURCE + "/tokenizer.json")
    session = onnxruntime.InferenceSession(path)
    texts = []
    for text in TEXTS:
        ids = np.array([tokenizer.encode(text).ids], dtype=np.int64)
        given = {"input_ids": ids, "token_type_ids": np.zeros_like(ids), "positions": np.arange(ids.shape[1])[None]}
        state = session.run(None, given)[0][0, 0]
        texts.append({"text": text, "vector": (state / np.linalg.norm(state)).tolist()})
    with open(TARGET + "/golden.json", "w") as file:
        json.dump({"texts": texts}, file)
        file.write("\n")


if __name__ == "__main__":
    main()
