# make demo   runs the main job on examples/smartfridge (needs Go, make and git)
# make test   passes the tests
# make bench  measures speed and memory, as ratios

GO    ?= go
BIN   := .cache/bin
DEMO  := .cache/demo
FLAGS ?=

.PHONY: all build demo test lint deps-test bench clean

all: build

build:
	$(GO) build -o $(BIN)/cairn ./cmd/cairn

demo: build
	@$(GO) run ./examples/demo $(BIN)/cairn examples/smartfridge $(DEMO)

test: deps-test
	$(GO) test $(FLAGS) ./...

# The real servers and linters that the tests need, pinned in .ci/tools/go.mod.
deps-test: $(BIN)/versitygw

$(BIN)/versitygw: .ci/tools/go.mod .ci/tools/go.sum
	$(GO) -C .ci/tools build -o $(CURDIR)/$@ github.com/versity/versitygw/cmd/versitygw
	@touch $@

$(BIN)/staticcheck: .ci/tools/go.mod .ci/tools/go.sum
	$(GO) -C .ci/tools build -o $(CURDIR)/$@ honnef.co/go/tools/cmd/staticcheck
	@touch $@

lint: $(BIN)/staticcheck
	@test -z "$$(gofmt -l $$(git ls-files '*.go') | tee /dev/stderr)"
	$(GO) vet ./...
	$(BIN)/staticcheck ./...
	$(GO) mod tidy -diff

bench: build
	$(GO) run ./cmd/bench

clean:
	rm -rf .cache
