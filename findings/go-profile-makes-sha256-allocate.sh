#!/usr/bin/env bash
# In Go, a program that is built with a profile of its own may allocate twice for each sha256.Sum256, which allocates
# nothing in the same program built without one. A profile in which sha256.New is hot is enough: the compiler then inlines
# Reset into the New beneath, which makes the public New too costly to be inlined into Sum256. So Sum256 gets its hash as an
# interface, and the hash and the sum escape to the heap.
#
# One would guess that profile-guided optimization inlines more and allocates less. Tests that count allocations do not
# show this where they are built without the profile, as "go test" is for packages other than main.
#
# Who is hurt: whoever looks up secrets or caches by a hash on a hot path, and releases with default.pgo. What helps is a
# hash that is kept and reset, and tests that are built with the profile too (go test -pgo=FILE).
#
# Version: go1.26.8. Seen on linux/amd64:
#
#   without a profile: 0 allocations
#   with a profile of sha256.New: 2 allocations
#
# The script fails if one of these lines changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOTOOLCHAIN=go1.26.8 GOFLAGS=
cat >go.mod <<'EOF'
module finding

go 1.26.0
EOF
cat >main.go <<'EOF'
package main

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"os"
	"runtime/pprof"
	"testing"
	"time"
)

var (
	sum  [sha256.Size]byte
	made hash.Hash
)

func main() {
	if len(os.Args) > 1 {
		profile(os.Args[1])
		return
	}
	text := make([]byte, 64)
	fmt.Println(testing.AllocsPerRun(1000, func() { sum = sha256.Sum256(text) }), "allocations")
}

// profile writes a profile of a program that makes hashes.
func profile(name string) {
	file, err := os.Create(name)
	if err != nil {
		panic(err)
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		panic(err)
	}
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		for range 1000 {
			made = sha256.New()
		}
	}
	pprof.StopCPUProfile()
}
EOF
go build -pgo=off -o without .
./without made.pgo
go build -pgo=made.pgo -o with .
{
	echo "without a profile: $(./without)"
	echo "with a profile of sha256.New: $(./with)"
} >got
cat >want <<'EOF'
without a profile: 0 allocations
with a profile of sha256.New: 2 allocations
EOF
diff want got
cat got
