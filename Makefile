# make demo     runs the main job on examples/smartfridge (needs Go, make and git)
# make recording   draws the terminal in README.md
# make install  installs it below PREFIX, /usr/local unless that is given
# make dist     makes what a release has, for all systems, in .cache/dist
# make test     passes the tests; with CAIRN_TEST_LONG=1, as in CI, random ones run for longer
# make test-edges   those in edges, shells and CI as they are out there
# make bench    measures speed and memory, as ratios; ONLY=serve takes one of the measurements

GO    ?= go
BIN   := .cache/bin
DEMO  := .cache/demo
FLAGS ?=
EDGES := cairn/cmd/cairn/disttest cairn/cmd/cairn/edgetest cairn/cmd/cairn/consoletest cairn/templates/device/armtest cairn/publish/edge/nginxtest cairn/cmd/cairn/formatstest cairn/cmd/cairn/sqltest cairn/cmd/cairn/shelltest cairn/cmd/cairn/citest
NODE  := cmd/cairn/edgetest cmd/cairn/formatstest cmd/cairn/sqltest cmd/cairn/citest cmd/cairn/consoletest

# One way of compiling, that of releases, so that nothing compiles twice: C is
# only needed to look for races.
export GOFLAGS := $(GOFLAGS) -trimpath
export CGO_ENABLED := $(if $(findstring -race,$(FLAGS)),1,0)

.PHONY: all build install share dist demo recording test test-edges deps-edges tools-edges lint deps-test bench clean

all: build

build:
	$(GO) build -o $(BIN)/cairn ./cmd/cairn

PREFIX  ?= /usr/local
DESTDIR ?=
SHARE   := $(DESTDIR)$(PREFIX)/share

install: build share
	install -D $(BIN)/cairn $(DESTDIR)$(PREFIX)/bin/cairn

# The manual pages, and what completes command lines.
share: build
	$(BIN)/cairn man --out $(SHARE)/man/man1
	mkdir -p $(SHARE)/bash-completion/completions $(SHARE)/zsh/site-functions $(SHARE)/fish/vendor_completions.d
	$(BIN)/cairn completion bash >$(SHARE)/bash-completion/completions/cairn
	$(BIN)/cairn completion zsh >$(SHARE)/zsh/site-functions/_cairn
	$(BIN)/cairn completion fish >$(SHARE)/fish/vendor_completions.d/cairn.fish

DIST      := .cache/dist
PLATFORMS ?= $(foreach os,linux darwin windows freebsd,$(os)/amd64 $(os)/arm64)

# A binary and its parts list (CycloneDX) for each platform, manual pages,
# completions, and the checksums of them all: the same commit and the same Go
# give the same bytes.
dist: export GOFLAGS := -mod=readonly -buildvcs=true -trimpath
dist: build $(BIN)/cyclonedx-gomod
	rm -rf $(DIST) && mkdir -p $(DIST)
	for platform in $(PLATFORMS); do \
	  os=$${platform%/*}; arch=$${platform#*/}; name=$(DIST)/cairn_$${os}_$$arch; \
	  [ $$os != windows ] || name=$$name.exe; \
	  GOOS=$$os GOARCH=$$arch $(GO) build -ldflags="-s -w" -o $$name ./cmd/cairn && \
	  $(BIN)/cyclonedx-gomod bin -json -noserial -notimestamp -output $$name.cdx.json $$name || exit; done
	$(MAKE) --no-print-directory share SHARE=$(DIST)/share
	@cd $(DIST) && find . -type f ! -name SHA256SUMS -printf '%P\n' | LC_ALL=C sort | xargs sha256sum >SHA256SUMS

demo: build
	@$(GO) run ./examples/demo $(BIN)/cairn examples/smartfridge $(DEMO)

recording: build
	$(GO) run ./examples/recording $(BIN)/cairn examples/recording/first-minutes.sh docs/first-minutes.svg

# Tests write many small files: into memory, where there is room for them that
# programs run from, and that has the attributes versitygw needs (Linux 6.6). What
# the Go tool builds goes there, too: a GOTMPDIR would be that of the tests.
MEMORY := $(shell awk '$$2 == "/dev/shm" { at = $$4 ~ /noexec/ ? "" : $$2 } END { print at }' /proc/mounts 2>/dev/null | while read -r dir; do \
  [ -w "$$dir" ] && [ "$$(df -Pk "$$dir" | awk 'END { print $$4 }')" -gt 8000000 ] && printf '6.6\n%s\n' "$$(uname -r)" | sort -VC && echo "$$dir"; done)
test test-edges: export TMPDIR := $(or $(TMPDIR),$(MEMORY))

# These take one core for long: they begin first.
SLOW := cairn/templates/device cairn/manifest/promise

test: deps-test
	$(GO) test -timeout 30m $(FLAGS) $(or $(TESTED),$(filter-out $(EDGES) $(DONE),$(SLOW) $(shell $(GO) list ./...)))

# The doors for devices, and CI's jobs, in what they really run on: needs more
# than the base tools, and installs that where it may.
test-edges: deps-test deps-edges
	$(GO) test -timeout 30m $(FLAGS) $(EDGES)

DEBIAN := gcc-arm-none-eabi nginx libnginx-mod-http-js libnginx-mod-http-brotli-static njs bash bash-completion fish groff-base zsh gh rsync openssl caddy signify-openbsd opensc softhsm2 chromium systemd-container
MODULES := $(NODE:=/node_modules/.package-lock.json)
deps-edges: tools-edges $(MODULES)

# Says all that is missing, and cannot be installed, in one go.
tools-edges:
	@missing=; for p in $(DEBIAN); do \
	  [ "$$(dpkg-query -W -f='$${db:Status-Status}' $$p 2>/dev/null)" = installed ] || missing="$$missing $$p"; done; \
	failed=; \
	[ -z "$$missing" ] || { [ "$$(id -u)" = 0 ] && apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; } || { \
	  echo "make test-edges needs packages of Debian; as root: apt-get install --no-install-recommends$$missing"; failed=1; }; \
	{ command -v npm && node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)'; } >/dev/null 2>&1 || { \
	  echo 'make test-edges needs node and npm of Node.js 20.18.1 or later: https://nodejs.org'; failed=1; }; \
	[ -z "$$failed" ]

%/node_modules/.package-lock.json: %/package-lock.json | tools-edges
	npm ci --prefix $* || { echo 'make test-edges needs the packages of $<, from a registry of npm'; exit 1; }
	@touch $@

# The real servers and linters that the tests need, pinned in .ci/tools/go.mod.
deps-test: $(BIN)/versitygw $(BIN)/actionlint

$(BIN)/versitygw: .ci/tools/go.mod .ci/tools/go.sum
	$(GO) -C .ci/tools build -o $(CURDIR)/$@ github.com/versity/versitygw/cmd/versitygw
	@touch $@

$(BIN)/actionlint: .ci/tools/go.mod .ci/tools/go.sum
	$(GO) -C .ci/tools build -o $(CURDIR)/$@ github.com/rhysd/actionlint/cmd/actionlint
	@touch $@

$(BIN)/cyclonedx-gomod: .ci/tools/go.mod .ci/tools/go.sum
	$(GO) -C .ci/tools build -buildvcs=false -o $(CURDIR)/$@ github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod
	@touch $@

$(BIN)/staticcheck: .ci/tools/go.mod .ci/tools/go.sum
	$(GO) -C .ci/tools build -o $(CURDIR)/$@ honnef.co/go/tools/cmd/staticcheck
	@touch $@

$(BIN)/deadcode: .ci/tools/go.mod .ci/tools/go.sum
	$(GO) -C .ci/tools build -o $(CURDIR)/$@ golang.org/x/tools/cmd/deadcode
	@touch $@

# Also what nobody calls, and what only other systems compile: deadcode reads all
# types from source, which takes a tenth of what vet takes, that compiles first.
lint: $(BIN)/staticcheck $(BIN)/deadcode
	@test -z "$$(gofmt -l $$(git ls-files '*.go') | tee /dev/stderr)"
	$(GO) vet ./...
	$(BIN)/staticcheck ./...
	@dead=$$($(BIN)/deadcode -test ./...) && [ -z "$$dead" ] || { echo "$$dead"; exit 1; }
	for os in windows darwin freebsd; do GOOS=$$os $(BIN)/deadcode -test ./... >/dev/null || exit; done
	$(GO) mod tidy -diff
	cd cmd/bench && $(GO) vet ./... && $(CURDIR)/$(BIN)/staticcheck ./... && $(GO) mod tidy -diff

ONLY ?= plan,write,first,updates,latency,large,serve

bench: build $(BIN)/versitygw $(if $(findstring serve,$(ONLY)),$(BIN)/caddy)
	$(GO) -C cmd/bench build -o $(CURDIR)/$(BIN)/bench
	$(BIN)/bench -only $(ONLY) $(FLAGS)

$(BIN)/caddy: .ci/tools/caddy/go.mod .ci/tools/caddy/go.sum
	$(GO) -C .ci/tools/caddy build -o $(CURDIR)/$@ github.com/caddyserver/caddy/v2/cmd/caddy
	@touch $@

clean:
	rm -rf .cache
