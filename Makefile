# SPDX-License-Identifier: Apache-2.0
# Short names for what scripts/ does. 'make demo' and 'make test' need nothing but Swift, git and make.
# ARGS goes to the script: make test ARGS='--filter PlanningTests', make bench ARGS=--quick.

PREFIX ?= /usr/local
DESTDIR ?=

.DEFAULT_GOAL := help
.PHONY: help deps build test check docs fmt demo bench fuzz fuzz-packets soak install clean

help: ## Show this list.
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 21

deps: ## Install the Debian packages that are missing, with sudo if not root.
	@scripts/deps.sh

build: deps ## Build the release binary, bin/nwfleet.
	@scripts/build.sh

test: deps ## Run all tests; as root, those against a real libvirtd too.
	@scripts/test.sh $(ARGS)

check: deps ## Check format, imports, scripts, licences and links.
	@scripts/check.sh

docs: build ## Write the parts of docs/ that the binary prints.
	@scripts/commands-doc.sh >docs/commands.md
	@bin/nwfleet schema reference >docs/reference/filters.md
	@bin/nwfleet schema services >docs/reference/services.md
	@bin/nwfleet schema checks >docs/reference/checks.md
	@bin/nwfleet schema policy >docs/reference/policy.schema.json
	@bin/nwfleet schema lock >docs/reference/lock.schema.json

fmt: ## Format Swift files.
	@git ls-files -z '*.swift' | xargs -0 swift format --in-place

demo: build ## Show it all on a throwaway libvirt host; needs root, or sudo.
	@scripts/demo.sh

bench: build ## Measure speed beside other ways to do the same.
	@scripts/build.sh bench-packets
	@scripts/bench.sh $(ARGS)

fuzz: deps ## Feed broken YAML and XML to the readers, for SECONDS each (60).
	@scripts/fuzz.sh $(SECONDS)

fuzz-packets: deps ## Compare PAIRS (20000) of a random filter and a packet with the kernel; SEED, CASES.
	@CASES='$(CASES)' scripts/fuzz-packets.sh $(or $(PAIRS),20000) $(SEED)

soak: build ## Run for SECONDS (60), with faults.
	@scripts/soak.sh $(SECONDS)

install: ## Install what 'make build' made below PREFIX.
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' scripts/install.sh

clean: ## Remove everything that was built.
	@rm -rf .build bin
