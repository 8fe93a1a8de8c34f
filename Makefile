# One configuration and one set of flags for build, demo and test: other flags rebuild everything. So does a
# `swift test` that builds by itself, which adds flags of its own.
FLAGS := -c release -Xswiftc -enable-testing

.PHONY: help build test demo lint fuzz bench bench-wan bench-parts bench-profile bench-rendezvous bench-people test-kill test-peers netlab people-story

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## Build .build/release/sealift, installing what is missing
	@scripts/bootstrap build
	swift build $(FLAGS)

test: ## Build and run every test
	@scripts/bootstrap test
	swift build $(FLAGS) --build-tests
	swift test $(FLAGS) --disable-xctest --skip-build

demo: build ## Build, then send a real tree between two processes and compare both ends
	@scripts/demo

lint: ## Check the formatting of the sources and the syntax of the scripts
	swift format lint --strict --recursive Package.swift Sources Tests
	@scripts/lint-scripts

fuzz: ## Fuzz every reader of foreign bytes: SECONDS_EACH=60, TARGET=one of them
	@scripts/fuzz
test-kill: build ## Kill, cut off, move and starve real transfers (root, 10 min)
	@scripts/kill-test

netlab: build ## Try sealift behind every kind of router, in namespaces of this machine (root): ONLY='easy-*'
	@scripts/bootstrap netlab
	@scripts/netlab $(if $(ONLY),--only '$(ONLY)')

people-story: build ## Play two people and a stranger, from new identities to a lost machine (root, 1 min)
	@scripts/people-story --require

bench: build ## Race scp, rsync, magic-wormhole and TCP on fast links (root)
	@scripts/bench-tools
	@scripts/bench-lan

bench-wan: build ## Measure long and lossy links through the emulator (root)
	@scripts/bench-tools
	@scripts/bench-wan

bench-parts: build ## Measure sealing, hashing, packets and the journal alone, counts held to thresholds
	@scripts/bench-tools
	@scripts/bench-parts

bench-profile: build ## Sample where the processor time of one large file goes (root, perf)
	@scripts/bench-tools
	@scripts/bench-profile

bench-rendezvous: build ## Load a rendezvous server with 10,000 clients on loopback
	@scripts/bench-rendezvous

bench-people: build ## Measure 1,000 contacts, 10,000 shares and a share of a million files
	@scripts/bench-people

test-peers: build ## Play the independent Python peers, honest and hostile, against the built program (5 min)
	@scripts/bootstrap peers
	SEALIFT_PEER_TESTS=1 swift build $(FLAGS) --build-tests
	PATH="$(CURDIR)/.build/peers/bin:$$PATH" SEALIFT_PEER_TESTS=1 swift test $(FLAGS) --disable-xctest --skip-build --filter PeerTests
