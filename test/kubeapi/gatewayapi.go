// SPDX-License-Identifier: Apache-2.0

package kubeapi

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// DefineGatewayAPI makes the resource definitions of the Gateway API's standard channel, as its module has them, but
// for some resources. It returns once they are served.
func DefineGatewayAPI(config *rest.Config, without ...string) error {
	module, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/gateway-api").Output()
	if err != nil {
		return fmt.Errorf("finding the module of the Gateway API: %w", err)
	}
	paths, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(module)), "config", "crd", "standard", "*.yaml"))
	if err != nil {
		return err
	}
	paths = slices.DeleteFunc(paths, func(path string) bool {
		_, resource, _ := strings.Cut(strings.TrimSuffix(filepath.Base(path), ".yaml"), "_")
		return slices.Contains(without, resource)
	})
	_, err = envtest.InstallCRDs(config, envtest.CRDInstallOptions{Paths: paths, ErrorIfPathMissing: true})
	return err
}
