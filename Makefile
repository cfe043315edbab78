# Only a front: CMake does the work (CMakePresets.json), .ci/ the test runs. `make help` lists the targets.

PRESET ?= release
# Where nsqd and nsqlookupd of `make run` listen. It prints the commands to paste for them.
TCP_ADDRESS ?= 0.0.0.0:4150
HTTP_ADDRESS ?= 0.0.0.0:4151
LOOKUPD_TCP_ADDRESS ?= 0.0.0.0:4160
LOOKUPD_HTTP_ADDRESS ?= 0.0.0.0:4161
# What consumers reach that nsqd by; empty is where it listens, or 127.0.0.1 where that is everywhere.
BROADCAST_ADDRESS ?=
# Its data path, which is made if need be.
DATA ?= data
# More flags for `make run`.
NSQD_ARGS ?=
NSQLOOKUPD_ARGS ?=
# What `make build` builds; empty is everything but the tests (nsq_tests).
TARGETS ?=

# All that building, testing and linting need on Debian 12, nowhere else listed.
PACKAGES := \
  clang-19 lld-19 libclang-rt-19-dev llvm-19 clang-tidy-19 clang-format-19 \
  cmake ninja-build ccache pkg-config git python3 curl iproute2 \
  libboost1.81-dev libfmt-dev libspdlog-dev \
  nlohmann-json3-dev libtomlplusplus-dev librocksdb-dev libssl-dev zlib1g-dev libsnappy-dev libre2-dev libgoogle-perftools-dev openssl \
  catch2 librapidcheck-dev

BIN := build/$(PRESET)/bin
# Tells git that this checkout may belong to somebody else (a container's root, say).
GIT := git -c safe.directory='$(CURDIR)'

.DEFAULT_GOAL := help
.PHONY: help deps build run test sanitize format format-check lint clean

help:  ## this list
	@grep -E '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed -E 's/:[^#]*## /\t/' | expand -t 16

deps:  ## install the Debian packages that are missing
	@missing=""; \
	for p in $(PACKAGES); do \
	  [ "$$(dpkg-query -W -f='$${db:Status-Status}' $$p 2>/dev/null)" = installed ] || missing="$$missing $$p"; \
	done; \
	[ -n "$$missing" ] || exit 0; \
	command -v apt-get >/dev/null || { echo "make deps: no apt-get here; install what these Debian packages hold:$$missing" >&2; exit 1; }; \
	as_root=""; \
	if [ "$$(id -u)" != 0 ]; then \
	  command -v sudo >/dev/null || { echo "make deps: run as root, or install sudo; missing:$$missing" >&2; exit 1; }; \
	  as_root=sudo; \
	fi; \
	echo "make deps: installing$$missing"; \
	apt="$$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300"; \
	$$apt update </dev/null && $$apt install --no-install-recommends $$missing </dev/null

build:  ## configure and build (PRESET=release, debug, asan, tsan)
	@cmake --preset $(PRESET)
	@cmake --build --preset $(PRESET) $(if $(TARGETS),--target $(TARGETS))

run: deps  ## install, build, and run nsqlookupd and nsqd, with its data in ./data
	@$(MAKE) --no-print-directory build TARGETS="nsqd nsqlookupd to_nsq nsq_tail"
	@mkdir -p '$(DATA)'
	@exec packaging/run-together --bin='$(BIN)' --data='$(DATA)' \
	  --tcp-address='$(TCP_ADDRESS)' --http-address='$(HTTP_ADDRESS)' --broadcast-address='$(BROADCAST_ADDRESS)' \
	  --lookupd-tcp-address='$(LOOKUPD_TCP_ADDRESS)' --lookupd-http-address='$(LOOKUPD_HTTP_ADDRESS)' \
	  --nsqd-args='$(NSQD_ARGS)' --nsqlookupd-args='$(NSQLOOKUPD_ARGS)'

test: deps  ## install, build, and run every suite
	@$(MAKE) --no-print-directory build PRESET=release TARGETS="all nsq_tests"
	@.ci/test

sanitize: deps  ## the unit, simulation and integration suites under the sanitizers
	@.ci/sanitize asan tsan

format:  ## format every source file in place
	@files=$$($(GIT) ls-files -co --exclude-standard '*.cpp' '*.hpp') && echo "$$files" | xargs clang-format-19 -i

format-check:  ## fail where `make format` would change something
	@files=$$($(GIT) ls-files '*.cpp' '*.hpp') && echo "$$files" | xargs clang-format-19 --dry-run -Werror

lint:  ## clang-tidy over every source file
	@cmake --preset debug >/dev/null
	@run-clang-tidy-19 -quiet -p build/debug '^$(CURDIR)/(common|nsqd|nsqlookupd|clients|tests)/'

clean:  ## remove what was built
	rm -rf build
