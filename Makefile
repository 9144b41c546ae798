# make demo     from a fresh clone to a sheet of faces turned into tigers
# make test     every test
# The other targets are named below, each with a line of its own.

RELEASE := -c release -Xcc -march=native
TESTS   := $(RELEASE) -Xswiftc -enable-testing --scratch-path .build-tests
PREFIX  ?= /usr/local
COMMANDS := build-relevance merge-relevance query-direction query-direct embed-text export-direction preview-direction \
            inspect-checkpoint import-relevance export-relevance build-vocabulary save-direction list-directions \
            describe-channel find-channels compare-directions tune-direction optimise-latent train-mapper apply-mapper

.PHONY: demo build test test-kill test-slurm fuzz clip-vocabulary lint install uninstall benchmark table packages clean

# Builds the default database (100 pairs a channel), asks it for "tiger", exports the direction, draws a sheet.
demo: build
	@Tools/demo

build: packages
	swift build $(RELEASE)

packages:
	@Tools/install-packages

test:
	@Tools/install-packages --tests
	TEST_PYTHON=$$(Tools/make-test-venv) swift test $(TESTS)

# Kills a real build at 200 seeded moments; make test kills it a few times.
test-kill:
	@Tools/install-packages --tests
	KILLS=200 swift test $(TESTS) --filter KillTests

# Mutates a file of every format 200,000 times and reads what comes of it; make test does it 3,000 times.
fuzz:
	@Tools/install-packages --tests
	MUTATIONS=200000 swift test $(TESTS) --filter "Hostile"

# The merges of OpenAI's tokenizer, for CLIPs whose files come without: into store/, where every command looks.
clip-vocabulary:
	@Tools/fetch-clip-vocabulary

# A job array on a real Slurm of one node (Tools/with-slurm; as root): two parts side by side, one of them killed and
# requeued, then merged.
test-slurm:
	@Tools/install-packages --tests --slurm
	swift build $(TESTS) --build-tests
	SLURM=1 Tools/with-slurm swift test $(TESTS) --skip-build --filter SlurmTests

lint:
	@Tools/lint

# The success table of the README, from the default database.
table: build
	@$$(swift build $(RELEASE) --show-bin-path)/success-table

# What each stage costs, beside the released method's own procedure in PyTorch (PYTHON names one that has it).
benchmark: build
	@bin=$$(swift build $(RELEASE) --show-bin-path); $$bin/benchmark && $$bin/sweep-benchmark && $$bin/gradient-benchmark

# The commands with their resources; they then work from any folder.
install: build
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/text-to-direction
	bin=$$(swift build $(RELEASE) --show-bin-path); \
	for command in $(COMMANDS); do install -s $$bin/$$command $(DESTDIR)$(PREFIX)/bin/ || exit 1; done; \
	cp -r $$bin/text-to-direction_*.resources $(DESTDIR)$(PREFIX)/lib/text-to-direction/
	! [ -e store/bpe_simple_vocab_16e6.txt.gz ] || cp store/bpe_simple_vocab_16e6.txt.gz $(DESTDIR)$(PREFIX)/lib/text-to-direction/
	@echo "Installed commands keep databases in ~/.local/share/text-to-direction; to take along those of this checkout:"
	@echo "  mkdir -p ~/.local/share/text-to-direction && cp -r store/*/ ~/.local/share/text-to-direction/"

uninstall:
	for command in $(COMMANDS); do rm -f $(DESTDIR)$(PREFIX)/bin/$$command; done
	rm -rf $(DESTDIR)$(PREFIX)/lib/text-to-direction

clean:
	rm -rf .build .build-tests .build-python demo
