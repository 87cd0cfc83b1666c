# The measurements; included by the top Makefile, which knows how to build and to install packages.

BENCH_PACKAGES := fuse3 libfuse3-dev squashfs-tools strace util-linux valgrind vmtouch
BENCH := Benchmarks/.build/release/bench
# What `make bench` calls its archive: Benchmarks/runs/<date>-$(NAME).
NAME ?= full
# Minutes for all its comparisons; the stages take one or two more.
BUDGET ?= 36
BENCH_RUN = $(BENCH) run --python '$(PYTHON)' $(BENCH_FLAGS)

.PHONY: bench bench-quick bench-smoke bench-stages bench-where bench-tool bench-test

bench: bench-tool ## Measure everything and archive it (under 40 minutes, best as root).
	@folder=Benchmarks/runs/$$(date -u +%F)-$(NAME); \
	$(BENCH_RUN) --full --budget $(BUDGET) --name $(NAME) --output "$$folder"; \
	Benchmarks/.build/release/stages --python '$(PYTHON)' --output "$$folder/stages.json"

bench-quick: bench-tool ## Measure two programs in under 5 minutes: does it help, how much, why.
	@$(BENCH_RUN) --budget 4.4 --output .build/bench/quick

bench-smoke: bench-tool ## Check counts, not times: what the importing thread asks and waits for.
	@$(BENCH) smoke --python '$(PYTHON)'

bench-stages: bench-tool ## Measure scan, resolve, fetch, serve and start-up one by one.
	@Benchmarks/.build/release/stages --python '$(PYTHON)'

bench-where: bench-tool ## Trace where the time of cold starts goes (as root).
	@$(BENCH) where --python '$(PYTHON)' $(BENCH_FLAGS)

bench-test: setup ## Test the harness itself.
	@$(SWIFT) test --package-path Benchmarks

bench-tool: setup build
	@$(call swift-quietly,$(SWIFT) build -c release --package-path Benchmarks)
