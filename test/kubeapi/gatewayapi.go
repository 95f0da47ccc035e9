// SPDX-License-Identifier: Apache-2.0

package kubeapi

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// DefineGatewayAPI makes the resource definitions of the Gateway API's standard channel, as its module has them. It
// returns once they are served.
func DefineGatewayAPI(config *rest.Config) error {
	module, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/gateway-api").Output()
	if err != nil {
		return fmt.Errorf("finding the module of the Gateway API: %w", err)
	}
	folder := filepath.Join(strings.TrimSpace(string(module)), "config", "crd", "standard")
	_, err = envtest.InstallCRDs(config, envtest.CRDInstallOptions{Paths: []string{folder}, ErrorIfPathMissing: true})
	return err
}
