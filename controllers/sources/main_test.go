// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"os"
	"testing"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/warren-dev/ingress/test/kubeapi"
)

var api kubeapi.Shared

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	os.Exit(api.Run(m))
}
