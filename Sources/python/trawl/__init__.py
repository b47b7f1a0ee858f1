"""Search indexes of Trawl, embed and rerank texts, with a server that runs or one that is started for this process.

>>> import trawl
>>> index = trawl.Index("notes.trawl")
>>> index.search("what pulls the oceans", k=3)[0].document
'moon'
"""

from ._version import __version__
from .client import Client
from .errors import Error
from .index import Index
from .models import Embedder, Reranker, TruncationWarning
from .results import (
    Continuations,
    Document,
    DocumentInfo,
    Hit,
    Hits,
    IndexInfo,
    Match,
    NextToken,
    NGram,
    Occurrences,
    PhrasePassage,
    Range,
    RankedText,
    Snippet,
    Stage,
    TextProbability,
    TokenProbability,
)

__all__ = [
    "Client",
    "Continuations",
    "Document",
    "DocumentInfo",
    "Embedder",
    "Error",
    "Hit",
    "Hits",
    "Index",
    "IndexInfo",
    "Match",
    "NGram",
    "NextToken",
    "Occurrences",
    "PhrasePassage",
    "Range",
    "RankedText",
    "Reranker",
    "Snippet",
    "Stage",
    "TextProbability",
    "TokenProbability",
    "TruncationWarning",
    "__version__",
]
