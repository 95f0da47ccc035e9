// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// command runs one of the program's commands against the controller and returns what it prints.
func (c *controller) command(arguments ...string) string {
	c.t.Helper()
	printed, err := exec.Command(program.path(c.t), append(arguments, "--admin-address="+c.admin)...).CombinedOutput()
	if err != nil {
		c.t.Fatalf("%q: %v\n%s", arguments, err, printed)
	}
	return string(printed)
}

// missing returns an error unless what was printed has each of the texts.
func missing(printed string, want ...string) error {
	for _, w := range want {
		if !strings.Contains(printed, w) {
			return fmt.Errorf("there is no %q in:\n%s", w, printed)
		}
	}
	return nil
}

// shows fails the test unless what was printed has each of the texts.
func shows(t *testing.T, printed string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(printed, w) {
			t.Errorf("there is no %q in:\n%s", w, printed)
		}
	}
}

func TestCommandsSayWhatARunningControllerServesAndWhy(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	web := startBackend(t, "web-1")
	host := s.host("shop")
	shop := ingress("shop", host, "web")
	shop.Spec.Rules[0].Paths[0].AccessControl = &v1alpha1.AccessControl{DeniedIPs: []v1alpha1.AddressRange{"203.0.113.0/24"}}
	shop.Spec.TLS = &v1alpha1.IngressTLS{SecretName: "shop-tls", RedirectHTTP: new(false)}
	s.create(tlsSecret(t, "shop-tls", host), shop, task("web", web))
	c := s.start().ready()
	s.says(shop, func() []metav1.Condition { return shop.Status.Conditions }, "Programmed=True", "CertificateReady=True")

	shows(t, c.command("explain", "http://"+host+"/x", "--client=127.0.0.1"), "-> "+host, s.namespace+"/shop 0.0", "GET /x", "task/"+s.namespace+"/web-1", "answer  the service's")
	if err := answers(c.http, host, "/x", from("web-1")); err != nil {
		t.Error(err)
	}
	shows(t, c.command("explain", "http://"+host+"/x", "--client=203.0.113.9"), "203.0.113.0/24 is denied", "answer  403 AccessDenied")
	shows(t, c.command("explain", "http://"+s.host("nobody")+"/"), "no rule is for host "+s.host("nobody"), "404 RouteNotFound")
	shows(t, c.command("explain", "https://"+s.host("nobody")+"/"), "TLS alert unrecognized_name")
	shows(t, c.command("explain", "https://"+host+"/", "-o", "json"), `"id": "`+s.namespace+`/shop-tls"`)
	other, closed := standardIngress("other", "nginx", s.host("other"), "web"), standardIngress("closed", "", s.host("closed"), "web")
	closed.Annotations = map[string]string{
		"kubernetes.io/ingress.class": "warren", "nginx.ingress.kubernetes.io/auth-url": "x", "nginx.ingress.kubernetes.io/limit-rps": "1"}
	s.create(other, closed)
	eventually(t, patience, "the closed Ingress to be listed with its annotations", func() error {
		return missing(c.command("ls", "--state=closed", "--in", s.namespace), s.host("closed"), "auth-url", "limit-rps")
	})
	eventually(t, patience, "an Ingress of another class to be named", func() error {
		return missing(c.command("explain", s.host("other")), "networking.k8s.io/"+s.namespace+"/other is of the class nginx", "404 RouteNotFound")
	})
	shows(t, c.command("ls"), host, s.namespace+"/shop", s.namespace+"/web:80")
	shows(t, c.command("ls", "certs"), s.namespace+"/shop-tls", host)
	shows(t, c.command("ls", "tasks"), "task/"+s.namespace+"/web-1", "Healthy", "up")
	shows(t, c.command("ls", "routes", "-o", "json"), `"ingress": "`+s.namespace+`/shop"`, `"taking": 1`)
	shows(t, c.command("ls", "routes", "-o", "wide", "--host", host, "--state", "serving"), host, fmt.Sprintf("127.0.0.1:%d", web.port))
}
