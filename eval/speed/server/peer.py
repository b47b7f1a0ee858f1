"""The peer of embeddings.py: sentence-transformers, served by FastAPI, as one would write it.

    PEERS/bin/python eval/speed/server/peer.py MODEL PORT [--threads N] [--calls N]

A request is encoded by one call, in a thread of FastAPI's pool. At most CALLS run at once, each on THREADS threads of PyTorch: more
than there are cores would only get in each other's way.
"""
import argparse
import os
import threading
from typing import List, Union

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # texts are few; threads of the tokenizer would cost more

import torch
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from sentence_transformers import SentenceTransformer


class Request(BaseModel):
    input: Union[str, List[str]]
    model: str = ""


def application(model: SentenceTransformer, calls: int) -> FastAPI:
    app = FastAPI()
    turn = threading.Semaphore(calls)

    @app.get("/health")
    def health() -> dict:
        return {"status": "ok"}

    @app.post("/v1/embeddings")
    def embeddings(request: Request) -> dict:
        texts = [request.input] if isinstance(request.input, str) else request.input
        with turn, torch.inference_mode():
            vectors = model.encode(texts, normalize_embeddings=True, show_progress_bar=False)
        rows = vectors.tolist()
        return {
            "object": "list",
            "data": [{"object": "embedding", "index": i, "embedding": row} for i, row in enumerate(rows)],
            "model": request.model,
        }

    return app


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("port", type=int)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--calls", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    model = SentenceTransformer(arguments.model, device="cpu")
    model.encode(["a text"], show_progress_bar=False)
    uvicorn.run(application(model, arguments.calls), host="127.0.0.1", port=arguments.port, log_level="warning")


if __name__ == "__main__":
    main()
