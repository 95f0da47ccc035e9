# Everything here needs Go, make and git alone: what else is used is built from pinned Go modules into bin/.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
# Passed to every "go test", for example TESTFLAGS="-v -run TestRoute".
TESTFLAGS ?=
# How long the tests of one package may take. They run side by side, so a busy machine makes the longest ones longer.
TESTTIMEOUT ?= 30m
# How long "make fuzz" runs each target.
FUZZTIME ?= 60s
# Passed to hack/run, for example RUNFLAGS="-http-port 8010"; bin/run -help lists them. What is behind -- goes to the
# controller: RUNFLAGS="-- --access-log=json".
RUNFLAGS ?=

# Passed to hack/bench, for example BENCHFLAGS="-rows keepalive,https -markdown"; bin/bench -help lists them. ROUNDS is how
# often each proxy is measured in each row, for a second each time.
BENCHFLAGS ?=
ROUNDS ?= 15

# Passed to hack/churn, for example CHURNFLAGS="-services 100 -rate 500" or "-ingresses 10000"; bin/churn -help lists them.
CHURNFLAGS ?=

# Programs and tests are compiled alike, so that what they share is compiled once: static, since programs run in an empty
# image and nothing shall need a C compiler, and by the profile. Kubernetes' programs and the tools have no part in that.
export CGO_ENABLED := 0
export GOFLAGS := -trimpath '-pgo=$(CURDIR)/default.pgo'
GO_BUILD_TOOL := go build -pgo=off

# OpenTelemetry's protocol comes with gRPC, which unless it is told not to brings a page of its requests for debugging. That takes
# templates, and those call methods by name, so that the linker has to keep every method of every type: 11 MB.
PRODUCT_TAGS := grpcnotrace

KUBE_VERSION := $(shell awk '$$1 == "k8s.io/kubernetes" { print $$2; exit }' hack/kube/go.mod)
KUBE_VERSION_FIELDS := $(subst ., ,$(KUBE_VERSION:v%=%))
KUBE_VERSION_PACKAGE := k8s.io/component-base/version

CONTROLLER_GEN := bin/controller-gen
KUSTOMIZE := bin/kustomize
GOLANGCI_LINT := bin/golangci-lint
HELM := bin/helm
OAUTH2_PROXY := bin/oauth2-proxy
HELM_DOCS := bin/helm-docs
KIND := bin/kind
CYCLONEDX := bin/cyclonedx-gomod

CHART := config/helm/warren-ingress
HELM_VERSION := $(shell awk '{ for (i = 1; i < NF; i++) if ($$i == "helm.sh/helm/v3") { print $$(i + 1); exit } }' hack/helm/go.mod)

##@ The controller

.PHONY: build
build: ## Build bin/warren-ingress, which is a kubectl plugin too as bin/kubectl-warren
	go build -tags $(PRODUCT_TAGS) -ldflags "-s -w -X main.version=$(VERSION)" -o bin/warren-ingress .
	@ln -sf warren-ingress bin/kubectl-warren
	@ln -sf warren-ingress bin/kubectl_complete-warren

# The image's name, what builds it, and what that is given, for example IMAGEFLAGS="--build-arg BASE_IMAGE=scratch".
IMAGE ?= docker.io/warren-ingress:dev
BUILDER ?= docker
IMAGEFLAGS ?=

.PHONY: image
image: ## Build IMAGE with BUILDER: docker, podman or buildah
	$(BUILDER) build --build-arg VERSION=$(VERSION) $(IMAGEFLAGS) -t $(IMAGE) .

.PHONY: image-archive
image-archive: ## Build IMAGE into bin/image.tar with buildah, from this machine's own Go, without a registry
	hack/image/archive $(IMAGE) $(VERSION) bin/image.tar

.PHONY: try
try: build ## Serve the samples on this machine from files, without Kubernetes, ready to curl; Ctrl-C ends it
	go build -o bin/run ./hack/run
	exec bin/run -files $(RUNFLAGS)

.PHONY: run
run: build run-kube ## Serve the samples on this machine with a Kubernetes API of its own, ready to curl; Ctrl-C ends it
	go build -o bin/run ./hack/run
	exec bin/run -programs $(CURDIR)/bin/run-kube $(RUNFLAGS)

.PHONY: run-acme
run-acme: build run-kube pebble ## Like run, with a certificate authority to order from
	go build -o bin/run ./hack/run
	exec bin/run -programs $(CURDIR)/bin/run-kube -acme $(RUNFLAGS)

# HTTP_PORT and HTTPS_PORT are this machine's, 8000 and 8443 unless told otherwise.
.PHONY: kind
kind: build $(KIND) $(HELM) run-kube ## Serve the samples in a cluster of kind, ready to curl; wants docker, podman or nerdctl
	go build -o bin/e2e-backend ./test/e2e/backend
	hack/kind/up

.PHONY: bench
bench: build kube ## Measure the data plane beside the peers of bench-peers, or those on PATH, and print one table
	go build -o bin/bench ./hack/bench
	exec bin/bench -rounds $(ROUNDS) $(BENCHFLAGS)

# SUITE is the suite of Debian that they are of.
SUITE ?= sid

.PHONY: bench-peers
bench-peers: ## Fetch Debian's newest nginx, HAProxy and Caddy into bin/peers, with their libraries, for bench; wants apt, not root
	SUITE=$(SUITE) hack/peers bin/peers

# The work of a controller that has some.
PROFILE_ROWS := keepalive,https,h2,h2-64k,upload,policies,64k,handshakes,compression,compression-gzip

.PHONY: profile
profile: build kube ## Measure where the controller's time goes, and write that to default.pgo, which "make build" optimizes by
	go build -o bin/bench ./hack/bench
	bin/bench -proxies warren -rounds 1 -seconds 10 -rows $(PROFILE_ROWS) -profile default.pgo

.PHONY: bench-churn
bench-churn: build kube ## Measure what changes cost: 100 a second of 10,000 Tasks, or by CHURNFLAGS one at a time of many Ingresses
	go build -o bin/churn ./hack/churn
	exec bin/churn $(CHURNFLAGS)

##@ Tests

.PHONY: test
test: kube pebble h2spec grpc opa $(HELM) ## Run all tests but those that want a cluster or a browser
	go test -timeout $(TESTTIMEOUT) $(TESTFLAGS) ./...

.PHONY: race
race: kube pebble h2spec grpc ## Run the tests of proxy, tracing, dashboard and controllers under the race detector (needs a C compiler)
	CGO_ENABLED=1 go test -race -timeout $(TESTTIMEOUT) $(TESTFLAGS) ./proxy/... ./tracing ./dashboard/... ./controllers/...

# How long "make soak" lasts, and whether under the race detector: SOAK_RACE=1. bin/soak -help lists what SOAKFLAGS may hold.
DURATION ?= 10m
SOAK_RACE ?=
SOAKFLAGS ?=

.PHONY: soak
soak: ## Put the data plane under a mixed load for DURATION and see that it stands it
	$(if $(filter 1,$(SOAK_RACE)),CGO_ENABLED=1 go build -race,go build) -o bin/soak ./hack/soak
	exec bin/soak -duration $(DURATION) $(SOAKFLAGS)

.PHONY: fuzz
fuzz: ## Run each fuzz target for FUZZTIME, a minute unless told otherwise
	@for package in $$(go list ./proxy/...); do \
	  for target in $$(go test -list '^Fuzz' "$$package" | grep '^Fuzz' || true); do \
	    echo "$$target for $(FUZZTIME)"; \
	    go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x "$$package"; \
	  done; \
	done

.PHONY: hostile
hostile: kube pebble $(HELM) ## Attack the program as clients and tenants who mean harm would, and print what others notice of it
	go test -tags hostile -count=1 -v -parallel 16 -timeout $(TESTTIMEOUT) $(TESTFLAGS) ./test/hostile

# FLEET=quick asks only the servers that are installed fast. FLEETJOBS is how many servers run at a time.
FLEET ?=
FLEETJOBS ?= 14

.PHONY: fleet
fleet: kube ## Ask real servers directly, through the controller, nginx and HAProxy, and compare; installs the servers
	hack/fleet/install $(FLEET)
	FLEET=$(FLEET) go test -tags fleet -count=1 -v -timeout $(TESTTIMEOUT) -parallel $(FLEETJOBS) $(TESTFLAGS) ./test/fleet

.PHONY: snippets
snippets: ## Hold snippets, hosts and cases of ingress-nginx against Debian's nginx; installs nginx and headers-more
	hack/fleet/install snippets
	go test -tags snippets -count=1 -v -timeout $(TESTTIMEOUT) $(TESTFLAGS) ./test/snippets
	go test -tags snippets -count=1 -run TestNginxTakesRequestsAsWeDo -v -timeout $(TESTTIMEOUT) $(TESTFLAGS) ./controllers/translate
	go test -tags snippets -count=1 -run TestNginxDecidesAsItIsWritten -v -timeout $(TESTTIMEOUT) ./controllers/nginx

.PHONY: clients
clients: kube ## Run real clients of HTTP against the program, nginx and HAProxy; installs those that are missing, CLIENTS=quick fewer
	hack/clients/install
	go test -tags clients -count=1 -v -parallel 4 -timeout $(TESTTIMEOUT) $(TESTFLAGS) ./test/clients

.PHONY: browser
browser: $(OAUTH2_PROXY) ## Run the tests with headless Chromium, which has to be installed
	go test -tags browser -count=1 -timeout $(TESTTIMEOUT) $(TESTFLAGS) ./test/browser

.PHONY: pictures
pictures: ## Take the pictures of the page in docs/pictures with headless Chromium
	WARREN_PICTURES=$(CURDIR)/docs/pictures go test -tags browser -count=1 -timeout $(TESTTIMEOUT) -run 'TestThePage$$' ./test/browser

.PHONY: e2e
e2e: ## Run the end-to-end tests against the cluster that KUBECONFIG names
	@[[ -n "$${KUBECONFIG:-}" ]] || { echo "KUBECONFIG is not set: export KUBECONFIG=FILE for the cluster to test against" >&2; exit 1; }
	go test -tags e2e -count=1 -timeout $(TESTTIMEOUT) $(TESTFLAGS) ./test/e2e/...

.PHONY: e2e-programs
e2e-programs: ## Build the backend of the end-to-end tests, and the tests themselves: a cluster's network may have no way out
	go build -o bin/e2e-backend ./test/e2e/backend
	go test -c -tags e2e -o /dev/null ./test/e2e

# CONFORMANCEFLAGS are for the suite, such as "-run-test HTTPRouteWeight".
CONFORMANCEFLAGS ?=

.PHONY: conformance
conformance: conformance-programs ## Run the Gateway API's conformance tests against the cluster that KUBECONFIG names, and write their report into bin/
	@[[ -n "$${KUBECONFIG:-}" ]] || { echo "KUBECONFIG is not set: export KUBECONFIG=FILE for the cluster to test against" >&2; exit 1; }
	hack/conformance/run $(CONFORMANCEFLAGS)

.PHONY: conformance-programs
conformance-programs: build $(HELM) ## Build the conformance tests and their backends: a cluster's network may have no way out
	cd hack/conformance && go test -pgo=off -c -o ../../bin/conformance . && $(GO_BUILD_TOOL) -o ../../bin/echo-basic sigs.k8s.io/gateway-api/conformance/echo-basic
	cd hack/coredns && $(GO_BUILD_TOOL) -ldflags "-s -w" -o ../../bin/coredns .

.PHONY: former
former: ## Put the version before this one, its chart and its program, into bin/former, which the end-to-end tests upgrade from
	hack/former bin/former

.PHONY: kind-e2e
kind-e2e: $(KIND) pebble former e2e-programs ## Run the end-to-end tests in a cluster of kind made for them; wants docker, podman or nerdctl
	hack/kind/e2e

##@ Checks

.PHONY: verify
verify: verify-generated verify-chart verify-monitoring verify-modules verify-files verify-docs vet lint ## Check everything that tests do not: generated code, modules, manifests, pages, vet, lint

.PHONY: verify-generated
verify-generated: $(CONTROLLER_GEN) ## Check that "make generate manifests" would change nothing
	@fresh=$$(mktemp -d); trap 'rm -rf "$$fresh"' EXIT; \
	$(call generate_deepcopy,$$fresh/deepcopy); \
	$(call generate_crd,$$fresh/crd); \
	$(call generate_role,$$fresh/rbac); \
	diff -u api/v1alpha1/zz_generated.deepcopy.go "$$fresh/deepcopy/zz_generated.deepcopy.go" && \
	diff -ur config/crd/bases "$$fresh/crd" && \
	diff -u config/rbac/role.yaml "$$fresh/rbac/role.yaml" && \
	diff -ur config/crd/bases $(CHART)/files/crds && \
	diff -u config/rbac/role.yaml $(CHART)/files/role.yaml && \
	diff -u config/rbac/user_roles.yaml $(CHART)/files/user_roles.yaml && \
	diff -u config/prometheus/rules.yaml $(CHART)/files/rules.yaml && \
	diff -u config/grafana/dashboard.json $(CHART)/files/dashboard.json && \
	diff -u $(CHART)/values.yaml $(CHART)/files/values.yaml && \
	diff -u $(CHART)/values.schema.json $(CHART)/files/values.schema.json || \
	{ echo 'generated files are out of date: run "make generate manifests" and commit what it changes' >&2; exit 1; }

.PHONY: verify-chart
verify-chart: $(HELM) $(HELM_DOCS) ## Check the Helm chart's form, and that its README says what values.yaml does
	$(HELM) lint --strict $(CHART)
	@fresh=$$(mktemp -d); trap 'rm -rf "$$fresh"' EXIT; \
	cp -r $(CHART) "$$fresh/chart" && rm "$$fresh/chart/README.md" && $(call generate_readme,$$fresh) && \
	diff -u $(CHART)/README.md "$$fresh/chart/README.md" || \
	{ echo 'the chart'"'"'s README is out of date: run "make manifests" and commit what it changes' >&2; exit 1; }

.PHONY: verify-monitoring
verify-monitoring: ## Check the alerts and the dashboard by Prometheus's own code, and by promtool if it is there
	@cd hack/prometheus && $(GO_BUILD_TOOL) -o ../../bin/prometheus-check .
	@bin/prometheus-check config/prometheus/rules.yaml config/grafana/dashboard.json
	@bin/prometheus-check -groups config/prometheus/rules.yaml > bin/rules.yaml
	@if command -v promtool >/dev/null; then promtool check rules bin/rules.yaml; fi

.PHONY: verify-modules
verify-modules: ## Check that every go.mod and go.sum is tidy
	@for module in . hack/conformance hack/envtest hack/grpc hack/h2spec hack/helm hack/kind hack/kube hack/oauth2-proxy hack/opa hack/pebble hack/prometheus hack/sbom hack/tools; do \
	  (cd "$$module" && go mod tidy -diff) || { echo "$$module/go.mod is not tidy: run \"go mod tidy\" there" >&2; exit 1; }; \
	done

.PHONY: verify-files
verify-files: $(KUSTOMIZE) ## Check that shell scripts parse and every kustomization builds
	@git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do \
	  [[ -f "$$file" ]] || continue; \
	  case "$$file" in \
	  */kustomization.yaml) $(KUSTOMIZE) build "$$(dirname "$$file")" >/dev/null || { echo "$$file does not build" >&2; exit 1; } ;; \
	  *) if [[ "$$(head -c 20 "$$file" | head -n 1 | tr -d '\0')" == '#!'*bash ]]; then bash -n "$$file"; fi ;; \
	  esac; \
	done

.PHONY: verify-docs
verify-docs: build ## Check the pages: links, commands and their flags, objects, the length of sentences, the glossary
	go build -o bin/docs ./hack/docs
	@bin/docs

.PHONY: vet
vet: ## Run go vet, on the tests that want a cluster or a browser too
	go vet ./...
	go vet -tags e2e,browser,hostile,fleet,clients,snippets ./...
	@# With the flags of their builds, nothing of them is compiled twice. Kubernetes would take ten minutes.
	for module in kube pebble h2spec grpc opa prometheus; do (cd hack/$$module && go vet -pgo=off ./...); done

.PHONY: lint
lint: $(GOLANGCI_LINT) ## Run the linters
	$(GOLANGCI_LINT) run

.PHONY: fmt
fmt: $(GOLANGCI_LINT) ## Format the Go code
	$(GOLANGCI_LINT) fmt

##@ Generated files

# Each takes the folder that it writes to, so that verify can compare without touching the checkout.
generate_deepcopy = $(CONTROLLER_GEN) object:headerFile=hack/boilerplate.go.txt paths=./api/... output:object:dir="$(1)"
generate_crd = $(CONTROLLER_GEN) crd paths=./api/... output:crd:dir="$(1)"
generate_readme = $(HELM_DOCS) --chart-search-root "$(1)" --sort-values-order file --log-level warning
generate_role = $(CONTROLLER_GEN) rbac:roleName=warren-ingress paths=./controllers/... output:rbac:dir="$(1)"

.PHONY: generate
generate: $(CONTROLLER_GEN) ## Generate the deep copies of the API types
	$(call generate_deepcopy,api/v1alpha1)

.PHONY: manifests
manifests: $(CONTROLLER_GEN) $(HELM_DOCS) ## Generate the CRDs, the controller's role, and what the chart has of them and of its values
	$(call generate_crd,config/crd/bases)
	$(call generate_role,config/rbac)
	rm -rf $(CHART)/files/crds && cp -r config/crd/bases $(CHART)/files/crds
	cp config/rbac/role.yaml config/rbac/user_roles.yaml config/prometheus/rules.yaml config/grafana/dashboard.json $(CHART)/files/
	cp $(CHART)/values.yaml $(CHART)/values.schema.json $(CHART)/files/
	$(call generate_readme,$(CHART))

##@ What the rest is built with

.PHONY: kube
kube: bin/kube/kube ## Build etcd, kube-apiserver and kubectl into bin/kube

bin/kube/kube: hack/kube/go.mod hack/kube/go.sum hack/kube/main.go
	@echo "Building etcd, kube-apiserver and kubectl $(KUBE_VERSION) into bin/kube; the first time this takes five minutes on two idle cores."
	@mkdir -p bin/kube && date +%s > bin/kube/begun
	@cd hack/kube && $(GO_BUILD_TOOL) -o ../../bin/kube/kube.new -ldflags "-s -w \
	  -X $(KUBE_VERSION_PACKAGE).gitVersion=$(KUBE_VERSION) \
	  -X $(KUBE_VERSION_PACKAGE).gitMajor=$(word 1,$(KUBE_VERSION_FIELDS)) \
	  -X $(KUBE_VERSION_PACKAGE).gitMinor=$(word 2,$(KUBE_VERSION_FIELDS))" .
	@for name in etcd kube-apiserver kubectl; do ln -sf kube "bin/kube/$$name"; done
	@mv bin/kube/kube.new $@
	@echo "That took $$(( $$(date +%s) - $$(cat bin/kube/begun) )) seconds."; rm bin/kube/begun

# What "make run" starts: what "make kube" has built, if it has, and else envtest's archive, which takes seconds where there
# is a network. ENVTEST_INDEX is the URL of another index of archives. Tests use what is built, of the version in hack/kube.
ENVTEST_VERSION := $(word 1,$(KUBE_VERSION_FIELDS)).$(word 2,$(KUBE_VERSION_FIELDS)).x
export ENVTEST_INDEX

.PHONY: run-kube
run-kube: ## Put a Kubernetes API into bin/run-kube: downloaded, or built where that cannot be
	@if $(MAKE) --question --no-print-directory bin/kube/kube 2>/dev/null; then folder=kube; \
	elif $(MAKE) --silent bin/setup-envtest && folder=$$(hack/envtest/install $(ENVTEST_VERSION)); then :; \
	else $(MAKE) --no-print-directory kube && folder=kube; fi; \
	ln -sfn "$$folder" bin/run-kube

bin/setup-envtest: hack/envtest/go.mod hack/envtest/go.sum
	@mkdir -p bin
	@cd hack/envtest && $(GO_BUILD_TOOL) -ldflags "-s -w" -o ../../$@ sigs.k8s.io/controller-runtime/tools/setup-envtest

.PHONY: pebble
pebble: ## Build Pebble, an ACME certificate authority for tests, into bin/
	@cd hack/pebble && $(GO_BUILD_TOOL) -o ../../bin/pebble .

.PHONY: grpc
grpc: ## Build grpc-go's client and server with its interop test cases into bin/
	@cd hack/grpc && $(GO_BUILD_TOOL) -o ../../bin/grpc .

.PHONY: oauth2-proxy
oauth2-proxy: $(OAUTH2_PROXY) ## Build oauth2-proxy, which people sign in by, into bin/

$(OAUTH2_PROXY): hack/oauth2-proxy/go.mod hack/oauth2-proxy/go.sum
	@echo "Building oauth2-proxy into $@"
	@mkdir -p bin
	@cd hack/oauth2-proxy && $(GO_BUILD_TOOL) -ldflags "-s -w" -o ../../$@ github.com/oauth2-proxy/oauth2-proxy/v7

.PHONY: opa
opa: ## Build Open Policy Agent, answering as its plug-in for Envoy does, into bin/
	@cd hack/opa && $(GO_BUILD_TOOL) -ldflags "-s -w" -o ../../bin/opa .

.PHONY: h2spec
h2spec: ## Build h2spec, which asks a server whether it speaks HTTP/2 as it is specified, into bin/
	@cd hack/h2spec && $(GO_BUILD_TOOL) -o ../../bin/h2spec .

.PHONY: tools
tools: $(CONTROLLER_GEN) $(KUSTOMIZE) $(GOLANGCI_LINT) $(HELM) $(HELM_DOCS) ## Build the code generators, kustomize, the linter and Helm into bin/

$(CONTROLLER_GEN): PACKAGE := sigs.k8s.io/controller-tools/cmd/controller-gen
$(KUSTOMIZE): PACKAGE := sigs.k8s.io/kustomize/kustomize/v5
$(GOLANGCI_LINT): PACKAGE := sigs.k8s.io/kube-api-linter/cmd/golangci-lint-kube-api-linter

$(CONTROLLER_GEN) $(KUSTOMIZE) $(GOLANGCI_LINT): hack/tools/go.mod hack/tools/go.sum
	@echo "Building $@ from $(PACKAGE)"
	@mkdir -p bin
	@cd hack/tools && $(GO_BUILD_TOOL) -ldflags "-s -w" -o ../../$@ $(PACKAGE)

# Helm checks a chart against the version of Kubernetes that it was linked to know.
$(HELM): hack/helm/go.mod hack/helm/go.sum
	@echo "Building Helm $(HELM_VERSION) into $@"
	@mkdir -p bin
	@cd hack/helm && $(GO_BUILD_TOOL) -ldflags "-s -w -X helm.sh/helm/v3/internal/version.version=$(HELM_VERSION) \
	  -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=$(word 1,$(KUBE_VERSION_FIELDS)) \
	  -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=$(word 2,$(KUBE_VERSION_FIELDS)) \
	  -X helm.sh/helm/v3/pkg/lint/rules.k8sVersionMajor=$(word 1,$(KUBE_VERSION_FIELDS)) \
	  -X helm.sh/helm/v3/pkg/lint/rules.k8sVersionMinor=$(word 2,$(KUBE_VERSION_FIELDS))" -o ../../$@ helm.sh/helm/v3/cmd/helm

# It has Helm's module, since it reads charts by Helm's code.
$(HELM_DOCS): hack/helm/go.mod hack/helm/go.sum
	@echo "Building helm-docs into $@"
	@mkdir -p bin
	@cd hack/helm && $(GO_BUILD_TOOL) -ldflags "-s -w" -o ../../$@ github.com/norwoodj/helm-docs/cmd/helm-docs

$(CYCLONEDX): hack/sbom/go.mod hack/sbom/go.sum
	@echo "Building cyclonedx-gomod into $@"
	@mkdir -p bin
	@cd hack/sbom && $(GO_BUILD_TOOL) -ldflags "-s -w" -o ../../$@ github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod

$(KIND): hack/kind/go.mod hack/kind/go.sum
	@mkdir -p bin
	@cd hack/kind && $(GO_BUILD_TOOL) -ldflags "-s -w" -o ../../$@ sigs.k8s.io/kind

##@ Others

# What the release is called, where its files are put, and for what its programs are.
RELEASE ?=
DIST ?= bin/release
RELEASE_PLATFORMS ?= linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64

.PHONY: release
release: $(HELM) $(CYCLONEDX) ## Make all files of RELEASE, such as v1.2.3, in DIST: programs, chart, image, bill of materials, checksums
	@PRODUCT_TAGS=$(PRODUCT_TAGS) hack/release "$(RELEASE)" "$(DIST)" $(RELEASE_PLATFORMS)

.PHONY: clean
clean: ## Remove bin/ and the data of "make run"
	@# What is downloaded may not be written to.
	[[ ! -d bin/envtest ]] || chmod -R u+w bin/envtest
	rm -rf bin .run

.PHONY: help
help: ## Show this
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@/ { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z0-9-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
