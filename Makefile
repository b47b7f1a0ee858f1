# make demo   sets everything up, indexes the demo corpus and asks one question in each mode
# make test   sets up what tests need and runs them all
# make check  checks the formatting; make build, make models, make dependencies are the steps of the above

SHELL := /bin/bash
# Demo and tests share one build: numerics in a debug build are far too slow.
SWIFT_FLAGS := -c release -Xswiftc -enable-testing
TRAWL := .build/release/trawl
PACKAGES := liblmdb-dev libzstd-dev zlib1g-dev libstemmer-dev libxml2-dev pkg-config python3-pip

.PHONY: demo test build models dependencies check

demo: models build
	indexes/demo $(TRAWL)

test: models
	swift test $(SWIFT_FLAGS) --disable-xctest

build: dependencies
	swift build $(SWIFT_FLAGS) --build-tests

models: dependencies
	indexes/fetch

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

check:
	swift format lint --strict --recursive Package.swift Sources Tests
