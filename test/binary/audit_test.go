// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/test/kubeapi"
)

const nginxManifest = `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: %s
  annotations: {nginx.ingress.kubernetes.io/%s}
spec:
  ingressClassName: nginx
  rules:
  - host: %s
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: red, port: {number: 80}}}}]}
---
`

// An audit of a cluster that has no controller says what the controller then does.
func TestAnAuditSaysWhatTheControllerThenDoes(t *testing.T) {
	s := newScene(t)
	red := startBackend(t, "red-1")
	limited, closed, secret := s.host("limited"), s.host("closed"), s.host("secret")
	s.kubectl(fmt.Sprintf(taskManifest, "red-1", "red", red.port)+
		fmt.Sprintf(nginxManifest, "limited", `limit-rps: "1000"`, limited)+
		fmt.Sprintf(nginxManifest, "closed", `auth-url: "http://login/auth"`, closed)+
		fmt.Sprintf(nginxManifest, "secret", "auth-type: basic, nginx.ingress.kubernetes.io/auth-secret: users, nginx.ingress.kubernetes.io/auth-tls-secret: "+s.namespace+"/clients-ca", secret)+
		"apiVersion: v1\nkind: Secret\nmetadata: {name: clients-ca}\n", "apply", "-f", "-")

	checkout, err := kubeapi.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), program.path(t), "audit", "-o", "json", "--allow-local-tasks")
	command.Env = append(os.Environ(), "KUBECONFIG="+s.kubeconfig, "PATH="+filepath.Join(checkout, "bin", "kube")+":"+os.Getenv("PATH"))
	said, err := command.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 1 {
		t.Errorf("the audit ends with %v, though an Ingress closes", err)
	}
	var report struct {
		Ingresses []struct {
			Namespace, Name, Verdict string
			Findings                 []struct{ Kind, Text string }
		}
	}
	if err := json.Unmarshal(said, &report); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	verdicts := map[string]string{}
	var missing []string
	for _, one := range report.Ingresses {
		if one.Namespace == s.namespace { // Others are those of tests beside this one.
			verdicts[one.Name] = one.Verdict
			for _, f := range one.Findings {
				if f.Kind == "secret" {
					missing = append(missing, f.Text)
				}
			}
		}
	}
	if diff := cmp.Diff(map[string]string{"limited": "differs", "closed": "closes", "secret": "same"}, verdicts); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
	if len(missing) != 1 || !strings.HasPrefix(missing[0], "Secret "+s.namespace+"/users, ") {
		t.Errorf("missing Secrets: %q", missing)
	}

	c := s.start("--nginx-class=nginx").ready()
	eventually(t, patience, "the Ingress that is served", func() error { return answersAre(c.http, limited, []string{from("red-1")}) })
	got, err := ask(c.http, closed, "/")
	if err != nil || got.status != 503 {
		t.Errorf("the Ingress that closes: %v, %v", got, err)
	}
}
