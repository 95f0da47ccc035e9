// SPDX-License-Identifier: Apache-2.0

package gatewayapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
)

// authority returns what a ConfigMap of the namespace default was found to hold: certificates, or a fault.
func authority(name, fault string) *translate.Authority {
	a := &translate.Authority{Name: rules.AuthorityName{ConfigMap: true, NamespacedName: types.NamespacedName{Namespace: "default", Name: name}}, Certificates: "pem"}
	if fault != "" {
		a.Fault = fault // What was there before is not used.
	}
	return a
}

func TestWhatClientsHaveToProve(t *testing.T) {
	t.Parallel()
	w := read(t, `
kind: Gateway
metadata: {name: g}
spec:
  gatewayClassName: warren
  allowedListeners: {namespaces: {from: All}}
  tls:
    frontend:
      default: {validation: {caCertificateRefs: [{group: "", kind: ConfigMap, name: good}]}}
      perPort:
      - {port: 1, tls: {validation: {caCertificateRefs: [{group: "", kind: ConfigMap, name: none}]}}}
      - {port: 2, tls: {validation: {caCertificateRefs: [{group: "", kind: Service, name: good}]}}}
      - {port: 3, tls: {validation: {caCertificateRefs: [{group: "", kind: ConfigMap, name: good, namespace: other}]}}}
      - {port: 4, tls: {validation: {caCertificateRefs: [{group: "", kind: ConfigMap, name: bad}, {group: "", kind: ConfigMap, name: good}]}}}
      - {port: 5, tls: {validation: {mode: AllowInsecureFallback, caCertificateRefs: [{group: "", kind: ConfigMap, name: good}]}}}
      - {port: 6, tls: {}}
      - {port: 80, tls: {validation: {caCertificateRefs: [{group: "", kind: ConfigMap, name: none}]}}}
  listeners:
  - {name: default, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: c}]}}
  - {name: missing, port: 1, protocol: HTTPS, tls: {certificateRefs: [{name: c}]}}
  - {name: kind, port: 2, protocol: HTTPS, tls: {certificateRefs: [{name: c}]}}
  - {name: foreign, port: 3, protocol: HTTPS, tls: {certificateRefs: [{name: c}]}}
  - {name: some, port: 4, protocol: HTTPS, tls: {certificateRefs: [{name: c}]}}
  - {name: fallback, port: 5, protocol: HTTPS, tls: {certificateRefs: [{name: c}]}}
  - {name: nothing, port: 6, protocol: HTTPS, tls: {certificateRefs: [{name: c}]}}
  - {name: plain, port: 80, protocol: HTTP}
---
kind: ListenerSet
metadata: {name: s, namespace: other}
spec: {parentRef: {name: g, namespace: default}, listeners: [{name: set, port: 443, protocol: HTTPS, hostname: s.io, tls: {certificateRefs: [{name: c}]}}]}
`)
	w.secrets = []*translate.Secret{{Namespace: "default", Name: "c", Chain: "pem", Key: "pem"}}
	w.authorities = []*translate.Authority{authority("good", ""), authority("bad", "ca.crt is empty"), {Name: authority("none", "").Name, Missing: "does not exist"}}
	same(t, "said", []string{
		"InsecureFrontendValidationMode=ConfigurationChanged",
		"missing:Accepted=NoValidCACertificate", "missing:ResolvedRefs=InvalidCACertificateRef", "missing:Programmed=Invalid",
		"kind:Accepted=NoValidCACertificate", "kind:ResolvedRefs=InvalidCACertificateKind", "kind:Programmed=Invalid",
		"foreign:Accepted=NoValidCACertificate", "foreign:ResolvedRefs=RefNotPermitted", "foreign:Programmed=Invalid",
		"some:ResolvedRefs=InvalidCACertificateRef",
	}, w.said("Gateway", "g"))
	var got []string
	for _, l := range gatewayapi.Attach(&w.Input).Listeners {
		if l.Clients == nil {
			got = append(got, l.ID+" nothing")
			continue
		}
		var names []string
		for _, n := range l.Clients.Authorities {
			names = append(names, n.Name)
		}
		got = append(got, fmt.Sprintf("%s %s optional=%v", l.ID, strings.Join(names, "+"), l.Clients.Optional))
	}
	same(t, "what clients have to prove", []string{
		"default/g/default good optional=false", "default/g/missing none optional=false", "default/g/kind  optional=false", "default/g/foreign  optional=false",
		"default/g/some bad+good optional=false", "default/g/fallback good optional=true", "default/g/nothing nothing", "default/g/plain nothing",
		"listenerset/other/s/set good optional=false",
	}, got)
}

func TestTheCertificateThatAGatewayShowsToBackends(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		ref    string
		secret *translate.Secret
		want   []string
	}{
		"there":        {"name: c", &translate.Secret{Namespace: "default", Name: "c", Chain: "pem", Key: "pem"}, nil},
		"missing":      {"name: c", nil, []string{"ResolvedRefs=InvalidClientCertificateRef"}},
		"malformed":    {"name: c", &translate.Secret{Namespace: "default", Name: "c", Fault: "tls.crt is empty"}, []string{"ResolvedRefs=InvalidClientCertificateRef"}},
		"of no kind":   {"name: c, kind: Other", nil, []string{"ResolvedRefs=InvalidClientCertificateRef"}},
		"of no group":  {"name: c, group: other.io", nil, []string{"ResolvedRefs=InvalidClientCertificateRef"}},
		"of no rights": {"name: c, namespace: other", nil, []string{"ResolvedRefs=RefNotPermitted"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := read(t, plain+`
---
kind: Gateway
metadata: {name: g}
spec: {gatewayClassName: warren, tls: {backend: {clientCertificateRef: {`+test.ref+`}}}, listeners: [{name: http, port: 81, protocol: HTTP}]}
---
kind: HTTPRoute
metadata: {name: r}
spec: {parentRefs: [{name: g}, {name: plain}], rules: [{backendRefs: [{name: s, port: 1}]}]}
`)
			if test.secret != nil {
				w.secrets = append(w.secrets, test.secret)
			}
			same(t, "said", test.want, w.said("Gateway", "g"))
			if slices.Contains(w.said("Gateway", "plain"), "ResolvedRefs") {
				t.Error("a Gateway without such a certificate speaks of one")
			}
			shown := test.ref == "name: c"
			for _, h := range gatewayapi.Attach(&w.Input).Objects[0].Hosts {
				tls := h.Rules[0].Backends[0].ServiceTLS
				if want := shown && h.Listener.Address.Port() == 81; (tls != nil) != want {
					t.Errorf("at port %d the backend is shown %v, want a certificate: %v", h.Listener.Address.Port(), tls, want)
				}
			}
		})
	}
}

// Requests are not sent in the clear for want of a policy that nobody could read.
func TestNoBackendGetsARequestIfBackendTLSPoliciesCannotBeRead(t *testing.T) {
	t.Parallel()
	w := read(t, plain+`---
kind: HTTPRoute
metadata: {name: r}
spec:
  parentRefs: [{name: plain}]
  rules:
  - backendRefs: [{name: one, port: 1}, {name: two, port: 1}]
    filters: [{type: RequestMirror, requestMirror: {backendRef: {name: three, port: 1}}}]
---
kind: HTTPRoute
metadata: {name: redirect}
spec: {parentRefs: [{name: plain}], rules: [{matches: [{path: {value: /r}}], filters: [{type: RequestRedirect, requestRedirect: {}}]}]}
`)
	same(t, "if they can be read", []string{"r @:80 / -> default/one:1*1 default/two:1*1", "redirect @:80 /r -> "}, w.served())
	w.BackendTLSUnreadable = true
	same(t, "if they cannot", []string{"r @:80 / -> fault fault", "redirect @:80 /r -> "}, w.served())
	same(t, "the route", []string{"plain:ResolvedRefs=BackendTLSPoliciesUnreadable"}, w.said(gatewayapi.HTTPRouteKind, "r"))
	same(t, "a route without backends", nil, w.said(gatewayapi.HTTPRouteKind, "redirect"))
	if b := &gatewayapi.Attach(&w.Input).Objects[0].Hosts[0].Rules[0].Mirrors[0].Backend; b.Fault == "" {
		t.Errorf("%s gets copies", b.Service)
	}
}

func TestBackendTLSPolicies(t *testing.T) {
	t.Parallel()
	policy := func(name, target, validation string) string {
		return "---\nkind: BackendTLSPolicy\nmetadata: {name: " + name + "}\nspec: {targetRefs: [{group: \"\", kind: Service, " + target + "}], validation: {hostname: h.io, " + validation + "}}\n"
	}
	const good = `caCertificateRefs: [{group: "", kind: ConfigMap, name: good}]`
	w := read(t, plain+`
---
kind: HTTPRoute
metadata: {name: r}
spec:
  parentRefs: [{name: plain}]
  rules:
  - matches: [{path: {value: /a}}, {path: {value: /b}}]
    backendRefs: [{name: one, port: 1}, {name: free, port: 1}]
    filters: [{type: RequestMirror, requestMirror: {backendRef: {name: free, port: 1}}}, {type: RequestMirror, requestMirror: {backendRef: {name: one, port: 1}}}]
  - backendRefs: [{name: two, port: 1}, {name: three, port: 1}, {name: four, port: 1}, {name: five, port: 1}, {name: six, port: 1}]
`+policy("one", "name: one", good+`, subjectAltNames: [{type: Hostname, hostname: a.io}, {type: URI, uri: "spiffe://a/b"}]`)+
		policy("one-late", "name: one", good)+policy("one-port", "name: one, sectionName: https", `wellKnownCACertificates: System`)+
		policy("two", "name: two", `caCertificateRefs: [{group: "", kind: ConfigMap, name: none}]`)+
		policy("three", "name: three", `caCertificateRefs: [{group: x.io, kind: Other, name: x}]`)+
		policy("four", "name: four", `caCertificateRefs: [{group: x.io, kind: Other, name: x}, {group: "", kind: ConfigMap, name: good}]`)+
		policy("five", "name: five", `wellKnownCACertificates: example.com/own`)+policy("six", "name: six", `caCertificateRefs: [{group: "", kind: ConfigMap, name: bad}]`)+
		policy("idle", "name: nobodys", good))
	w.authorities = []*translate.Authority{authority("good", ""), authority("bad", "ca.crt is empty"), {Name: authority("none", "").Name, Missing: "does not exist"}}
	for name, want := range map[string][]string{
		"one": nil, "one-late": {"plain:Accepted=Conflicted"}, "one-port": nil, "idle": nil,
		"two":   {"plain:Accepted=NoValidCACertificate", "plain:ResolvedRefs=InvalidCACertificateRef"},
		"three": {"plain:Accepted=NoValidCACertificate", "plain:ResolvedRefs=InvalidKind"},
		"four":  {"plain:ResolvedRefs=InvalidKind"},
		"five":  {"plain:Accepted=Invalid"},
		"six":   {"plain:Accepted=NoValidCACertificate", "plain:ResolvedRefs=InvalidCACertificateRef"},
	} {
		same(t, name, want, w.said("BackendTLSPolicy", name))
	}
	attached := gatewayapi.Attach(&w.Input)
	verdicts := attached.Judge(nil, nil, nil)
	for name, want := range map[string]int{"one": 1, "one-late": 1, "idle": 0} {
		if got := verdicts[gatewayapi.Key{Kind: "BackendTLSPolicy", NamespacedName: types.NamespacedName{Namespace: "default", Name: name}}].Ancestors; len(got) != want {
			t.Errorf("policy %s has %d ancestors, want %d", name, len(got), want)
		}
	}
	list := attached.Objects[0].Hosts[0].Rules
	one := list[0].Backends[0].ServiceTLS
	if one == nil || one.All.Name != "one" || one.All.AltNames != "a.io spiffe://a/b" || one.All.ServerName != "h.io" || one.Ports["https"].Name != "one-port" {
		t.Errorf("Service one is spoken to by %+v", one)
	}
	if list[0].Backends[1].ServiceTLS != nil || &list[0].Backends[0] != &list[1].Backends[0] {
		t.Error("a Service without a policy has one, or the matches of a rule have backends of their own")
	}
	if mirrors := list[0].Mirrors; mirrors[0].Backend.ServiceTLS != nil || mirrors[1].Backend.ServiceTLS != one {
		t.Error("mirrors are not spoken to as policies say")
	}
	if two := list[2].Backends[0].ServiceTLS.All; two.Fault != "" || len(two.Authorities) != 1 {
		t.Errorf("Service two is spoken to by %+v", two)
	}
	for _, i := range []int{1, 3} {
		if list[2].Backends[i].ServiceTLS.All.Fault == "" {
			t.Errorf("the policy of Service %s is acted on", list[2].Backends[i].Service)
		}
	}
}

func TestHowManyPortsGatewaysHaveOpened(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	gateway := func(namespace, name string, ports ...int) {
		if text.Len() > 0 {
			text.WriteString("---\n")
		}
		fmt.Fprintf(&text, "kind: Gateway\nmetadata: {name: %s, namespace: %s}\nspec: {gatewayClassName: warren, listeners: [", name, namespace)
		for i, port := range ports {
			fmt.Fprintf(&text, "{name: l%d, port: %d, protocol: HTTP, hostname: %s-%s}, ", i, port, namespace, name)
		}
		text.WriteString("]}\n")
	}
	from := func(first, n int) (ports []int) {
		for i := range n {
			ports = append(ports, first+i)
		}
		return ports
	}
	gateway("one", "greedy", from(1000, gatewayapi.MaxPortsPerNamespace+1)...)
	gateway("two", "second", from(2000, gatewayapi.MaxPorts-gatewayapi.MaxPortsPerNamespace)...)
	gateway("default", "late", 3000, 1000)
	w := read(t, text.String())
	opened := make(map[uint16]bool)
	for _, l := range gatewayapi.Attach(&w.Input).Listeners {
		opened[l.Address.Port()] = true
	}
	if len(opened) != gatewayapi.MaxPorts || opened[1000+gatewayapi.MaxPortsPerNamespace] || opened[3000] {
		t.Errorf("%d ports are opened, want %d, and not the last of the greedy Gateway or that of the late one", len(opened), gatewayapi.MaxPorts)
	}
	same(t, "the late Gateway", []string{"l0:Accepted=PortUnavailable", "l0:Programmed=Invalid"}, w.said("Gateway", "late"))
}
