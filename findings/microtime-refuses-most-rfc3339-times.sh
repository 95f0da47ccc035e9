#!/usr/bin/env bash
# metav1.MicroTime of k8s.io/apimachinery reads times with exactly six digits after the second, and no others: not whole
# seconds, not milliseconds, not nanoseconds. It is the type of Lease.spec.renewTime and acquireTime and of Event.eventTime.
# metav1.Time beside it reads all of them, and drops the fraction when it writes.
#
# One would guess that both read RFC 3339, where a fraction has one digit or more, and may be absent (section 5.6,
# time-secfrac). The OpenAPI documents and the schemas that controller-gen writes give both types the format date-time,
# which is RFC 3339, and the API server's check of that format lets all of these times through.
#
# Who is hurt: writers of Leases in other languages, whose times have as many digits as they need. JavaScript's
# toISOString has three, Rust's chrono nine, and Python's isoformat has six save when the microsecond is 0: one renewal in
# a million fails. And controllers whose own kinds have a MicroTime: kubectl applies "2026-11-29T21:00:00Z", and no list of
# the kind can be read any more.
#
# Versions: k8s.io/apimachinery and k8s.io/api v0.37.2, and the validation that the API server uses, k8s.io/kube-openapi
# v0.0.0-20260721132016-d427ff9ee9ad (kubernetes/kubernetes#89156). Seen on linux/amd64:
#
#   2026-11-29T21:00:00Z: a date-time, Time reads it, Lease does not
#   2026-11-29T21:00:00.123Z: a date-time, Time reads it, Lease does not
#   2026-11-29T21:00:00.123456Z: a date-time, Time reads it, Lease reads it
#   2026-11-29T21:00:00.123456789Z: a date-time, Time reads it, Lease does not
#   2026-11-29T21:00:00.123456+01:00: a date-time, Time reads it, Lease reads it
#
# The script fails if one of these lines changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOTOOLCHAIN=go1.26.8 GOFLAGS=-mod=mod
cat >go.mod <<'EOF'
module finding

go 1.26.0

require (
	k8s.io/api v0.37.2
	k8s.io/apimachinery v0.37.2
	k8s.io/kube-openapi v0.0.0-20260721132016-d427ff9ee9ad
)
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/kube-openapi/pkg/validation/strfmt"
)

func main() {
	scheme := runtime.NewScheme()
	if err := coordinationv1.AddToScheme(scheme); err != nil {
		panic(err)
	}
	decoder := serializer.NewCodecFactory(scheme).UniversalDeserializer()
	for _, time := range []string{"2026-11-29T21:00:00Z", "2026-11-29T21:00:00.123Z", "2026-11-29T21:00:00.123456Z",
		"2026-11-29T21:00:00.123456789Z", "2026-11-29T21:00:00.123456+01:00"} {
		format := "no date-time"
		if strfmt.IsDateTime(time) {
			format = "a date-time"
		}
		var t metav1.Time
		_, _, err := decoder.Decode(fmt.Appendf(nil, `{"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
			"metadata": {"name": "a"}, "spec": {"renewTime": %q}}`, time), nil, nil)
		fmt.Printf("%s: %s, Time %s, Lease %s\n", time, format, reads(t.UnmarshalJSON(fmt.Appendf(nil, "%q", time))), reads(err))
	}
}

func reads(err error) string {
	if err != nil {
		return "does not"
	}
	return "reads it"
}
EOF
cat >want <<'EOF'
2026-11-29T21:00:00Z: a date-time, Time reads it, Lease does not
2026-11-29T21:00:00.123Z: a date-time, Time reads it, Lease does not
2026-11-29T21:00:00.123456Z: a date-time, Time reads it, Lease reads it
2026-11-29T21:00:00.123456789Z: a date-time, Time reads it, Lease does not
2026-11-29T21:00:00.123456+01:00: a date-time, Time reads it, Lease reads it
EOF
go run . >got
diff want got
cat got
