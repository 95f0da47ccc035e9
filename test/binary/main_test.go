// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/warren-dev/ingress/test/kubeapi"
)

// All tests share these: one Kubernetes API, in which each has its own namespace, one build of the program, and the
// ports that are taken.
var (
	api     kubeapi.Shared
	program build
	ports   = newPortRange()
)

// atOnce is how many tests run at the same time. The parallel ones mostly wait for Leases to expire and servers to
// start, so there may be more of them than cores.
const atOnce = "6"

func TestMain(m *testing.M) {
	if name := os.Getenv(backendProcess); name != "" {
		os.Exit(serveAsProcess(name))
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	// The log of what starts the Kubernetes API is a matter of its own tests.
	ctrl.SetLogger(logr.Discard())
	flag.Parse()
	chosen := false
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "test.parallel" })
	if !chosen {
		if err := flag.Set("test.parallel", atOnce); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	defer program.remove()
	return api.Run(m)
}
