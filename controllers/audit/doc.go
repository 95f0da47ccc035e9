// SPDX-License-Identifier: Apache-2.0

// Package audit says what becomes of Ingresses that were written for ingress-nginx, once they are served here: of each
// annotation, of each host that several have, and of each as a whole. It is pure. It asks what the controller makes of
// them, and adds what ingress-nginx made of them.
//
// Read in this order: report.go (what is said), audit.go (who says it), annotations.go (of annotations), snippets.go
// (of the directives in them), paths.go (of paths), canaries.go (of canaries), hosts.go (of hosts that several have).
package audit
