"""An index of many machines, on Ray: its shards are built by tasks, and served by replicas as one index.

``pip install 'trawl[cluster]'``, then ``python -m trawl.cluster --help``, or `build.build` and `serve.serve`.
"""
