# Only calls Maven, Cargo and pip, and keeps everything in the tree (target, .venv).
.DEFAULT_GOAL := help
SHELL := /bin/sh
MVN ?= mvn -B -q -ntp
CARGO ?= cargo
STAGE := scripts/stage
# Set where all that is Java and Rust has been built by stages before.
BUILT :=
VENV := .venv/bin
# Sets of features of the crate samehost, with each of which the links in its documents lead somewhere.
DOCUMENTED := "" blocking tonic http1 json tls default blocking,json,tls
DEMO_STUBS := examples/demo/python/target
# Each a folder with a program `run`; their Python side has stock stubs of their own contract.
EXAMPLES := plugins model-worker sidecar
EXAMPLE_STUBS := examples/plugins/python/target/plugins_pb2_grpc.py \
	examples/model-worker/python/target/scoring_pb2_grpc.py examples/sidecar/python/target/cache_pb2_grpc.py

.PHONY: demo demo-programs examples example-programs test lint format help build java java-build java-test java-newest rust \
	rust-build rust-test rust-lint macos python python-package python-test matrix matrix-programs bench bench-micro bench-programs bench-smoke tidy

help: ## what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

demo: $(if $(BUILT),,demo-programs) python-package $(DEMO_STUBS)/text_analysis_pb2_grpc.py ## Java, Python and Rust call each other, over stdio, Unix sockets and shared memory
	@$(STAGE) 'the demo' examples/demo/run

demo-programs:
	@scripts/toolchain java rust python
	@$(STAGE) 'build the demo (Java)' $(MVN) -pl examples/demo/java -am package -DskipTests -Dspotless.check.skip
	@$(STAGE) 'build the demo (Rust)' $(CARGO) build -q -p samehost-demo

examples: $(if $(BUILT),,example-programs) python-package $(EXAMPLE_STUBS) ## one small real program per use: each runs and checks itself
	@set -e; for example in $(EXAMPLES); do $(STAGE) "the example $$example" examples/$$example/run; done

example-programs:
	@scripts/toolchain java rust python
	@$(STAGE) 'build the examples (Java)' $(MVN) -am package -DskipTests -Dspotless.check.skip \
		-pl examples/plugins/java,examples/model-worker/java,examples/sidecar/java
	@$(STAGE) 'build the examples (Rust)' $(CARGO) build -q -p samehost-example-plugins -p samehost-example-sidecar

# What Cargo keeps for the next build doubles the disk that this takes, and a build of everything gains nothing from it.
test: export CARGO_INCREMENTAL = 0
test: ## everything: formatters, linters, layers, unit and interop tests, the demo and the examples
	@scripts/toolchain java rust python
	@$(STAGE) 'the whole test command' $(MAKE) --no-print-directory -j 3 \
		$(if $(filter output-sync,$(.FEATURES)),--output-sync=line) BUILT=yes \
		java-build rust-build python python-package java-test matrix java-newest rust-test rust-lint python-test tidy \
		bench-smoke demo examples

lint: ## formatters and linters alone
	@scripts/toolchain java rust python
	@$(STAGE) 'format and lint Java' $(MVN) spotless:check test-compile
	@$(STAGE) 'format Rust' $(CARGO) fmt --all --check
	@$(STAGE) 'lint Rust' $(CARGO) clippy -q --workspace --all-targets -- -D warnings
	@$(MAKE) --no-print-directory python tidy

# Nothing is linked, so that neither that system's C compiler is needed nor, for its module, Python.
macos: export PYO3_NO_PYTHON = 1
macos: export PYO3_CROSS_LIB_DIR = $(CURDIR)
macos: export CC_aarch64_apple_darwin = true
macos: export AR_aarch64_apple_darwin = true
macos: ## that Rust compiles for macOS, with `rustup target add aarch64-apple-darwin`; nothing runs
	@$(STAGE) 'Rust: lint for macOS' $(CARGO) clippy -q --workspace --exclude samehost-benchmarks --all-targets \
		--target aarch64-apple-darwin -- -D warnings

format: ## put all sources into their format
	$(MVN) spotless:apply
	$(CARGO) fmt --all

build: ## the programs of the interop tests, of the demo and of the examples
	@$(STAGE) 'build Java' $(MVN) package -DskipTests -Dspotless.check.skip
	@$(STAGE) 'build Rust' $(CARGO) build -q --workspace

# What is built comes first; then whatever runs it goes on side by side, as each waits for half of its time. What Cargo
# builds in one folder stands in one line.
ifdef BUILT
java-test java-newest: java-build
rust-test: rust-build
rust-lint: rust-test
python-test: python python-package
matrix bench-smoke demo examples: java-build rust-build python-package
endif

java: ## formatter, linters and tests of Java alone
	@$(MAKE) --no-print-directory java-build
	@$(MAKE) --no-print-directory java-test

java-build:
	@$(STAGE) 'Java: format, lint, build' $(MVN) verify -DskipTests

# Of what is built: so nothing is compiled or packaged again under a program that runs.
JAVA_TESTS := $(MVN) jar:jar surefire:test

java-test:
	@$(STAGE) 'Java: test' $(JAVA_TESTS)

java-newest:
	@scripts/newest-jdk $(STAGE) 'Java: the tests again on the newest JDK here' $(JAVA_TESTS) -am \
		-pl transports/unix/java,transports/stdio/java,transports/tcp/java,transports/fifo/java,runtime/java,runtime/http2/java,runtime/json/java

rust: ## formatter, linters, documents and tests of Rust alone
	@$(MAKE) --no-print-directory rust-build
	@$(MAKE) --no-print-directory rust-test
	@$(MAKE) --no-print-directory rust-lint

rust-build:
	@$(STAGE) 'Rust: format' $(CARGO) fmt --all --check
	@$(STAGE) 'Rust: build' $(CARGO) build -q --workspace --bins --tests

rust-test:
	@$(STAGE) 'Rust: test' $(CARGO) test -q --workspace

rust-lint:
	@$(STAGE) 'Rust: lint' $(CARGO) clippy -q --workspace --all-targets --features samehost-benchmarks/micro -- -D warnings
	@$(STAGE) 'Rust: lint with fewer features' sh -c 'for with in "" blocking default; do \
		$(CARGO) clippy -q -p samehost --no-default-features --features "$$with" -- -D warnings || exit 1; done'
	@$(STAGE) 'Rust: the documents' env RUSTDOCFLAGS='-D warnings' sh -c 'for with in $(DOCUMENTED); do \
		$(CARGO) doc -q --no-deps -p samehost --no-default-features --features "$$with" || exit 1; done'

$(VENV)/ruff: scripts/requirements.txt
	@python3 -m venv .venv
	@$(STAGE) 'set up .venv' $(VENV)/pip install -q --disable-pip-version-check -r scripts/requirements.txt
	@touch $@

python: $(VENV)/ruff
	@$(STAGE) 'Python: format' $(VENV)/ruff format -q --check .
	@$(STAGE) 'Python: lint' $(VENV)/ruff check -q .
	@$(STAGE) 'Python: types' $(VENV)/mypy

# Stock stubs of the demo's contract.
$(DEMO_STUBS)/text_analysis_pb2_grpc.py: proto/demo/text_analysis.proto $(VENV)/ruff
	@mkdir -p $(DEMO_STUBS)
	@$(VENV)/python -m grpc_tools.protoc -Iproto/demo --python_out=$(DEMO_STUBS) --grpc_python_out=$(DEMO_STUBS) $<

# The contract of an example stands beside its Python side.
.SECONDEXPANSION:
examples/%_pb2_grpc.py: $$(dir $$(@D))../proto/$$(*F).proto $(VENV)/ruff
	@mkdir -p $(@D)
	@$(VENV)/python -m grpc_tools.protoc -I$(<D) --python_out=$(@D) --grpc_python_out=$(@D) $<

python-package: $(VENV)/ruff
	@$(STAGE) 'Python: build and install the package into .venv' scripts/python-package

python-test: python-package
	@$(STAGE) 'Python: hold the native module to its contract' $(VENV)/stubtest samehost._native \
		--concise --mypy-config-file pyproject.toml --allowlist runtime/python/stubtest.txt
	@$(STAGE) 'Python: test' $(VENV)/pytest -q runtime/python/tests
	@$(STAGE) 'Python: install the sdist from outside of the tree' scripts/sdist-check

tidy:
	@$(STAGE) 'tidy: the rules of the repository' python3 scripts/tidy.py

matrix-programs:
	@$(STAGE) 'build the interop programs (Java)' $(MVN) -pl interop-tests/java -am package -DskipTests -Dspotless.check.skip
	@$(STAGE) 'build the interop programs (Rust)' $(CARGO) build -q -p samehost-interop-tests

matrix: $(if $(BUILT),,matrix-programs) python-package
	@$(STAGE) 'make the stubs of the interop programs (Python)' $(VENV)/python interop-tests/python/generate.py
	@$(STAGE) 'interop matrix' interop-tests/matrix

MINUTES ?= 60
bench: bench-programs ## every benchmark with all peers, and a page of them in benchmarks/results
	@$(STAGE) 'what connections cost' benchmarks/costs --json benchmarks/results/costs.json
	@$(STAGE) 'benchmarks' benchmarks/run --minutes $(MINUTES) --json benchmarks/results/rows.json \
		--costs benchmarks/results/costs.json --page benchmarks/results/index.html

bench-micro: ## JMH and Criterion on the wire codec and the ring, and what a call allocates
	@scripts/toolchain java rust
	@$(STAGE) 'build the benchmarks (JMH)' $(MVN) -Pjmh -pl benchmarks/jmh -am package -Dmaven.test.skip
	@$(STAGE) 'JMH' benchmarks/micro
	@$(STAGE) 'Criterion' $(CARGO) run -q --release -p samehost-benchmarks --features micro --bin samehost-micro -- --bench

# What takes long to build, and the benchmarks alone need; Cap'n Proto's compiler comes as a wheel.
PEERS ?= capnp iceoryx2
$(VENV)/capnp: benchmarks/requirements.txt $(VENV)/ruff
	@$(STAGE) 'install what the benchmarks need' $(VENV)/pip install -q --disable-pip-version-check -r $<
	@touch $@

bench-programs: $(VENV)/ruff $(if $(findstring capnp,$(PEERS)),$(VENV)/capnp) ## what benchmarks/run starts, which calls this where sources are newer
	@scripts/toolchain java rust python
	@mkdir -p target && touch target/benchmarks-begun
	@$(STAGE) 'build the benchmarks (Java)' $(MVN) -pl benchmarks/java -am package -Dmaven.test.skip -Dspotless.check.skip
	@$(STAGE) "build the benchmarks (Rust, with $(PEERS))" env CAPNP=$(CURDIR)/$(VENV)/capnp \
		$(CARGO) build -q --release -p samehost-benchmarks --features "$(PEERS)"
	@$(STAGE) 'build the benchmarks (Python)' scripts/python-package --profile wheel
	@benchmarks/python/stubs
	@mv target/benchmarks-begun target/benchmarks-programs

bench-smoke: $(if $(BUILT),,build) python-package
	@benchmarks/python/stubs
	@SAMEHOST_BENCHMARKS_BUILD=debug $(STAGE) 'benchmarks: short turns' python3 benchmarks/smoke.py \
		unix,unary,java-rust,rust-java:raw,tonic,grpc-java stdio,unary,python-rust,java-python:jsonl
