// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// inMap names a ConfigMap of the namespace default.
func inMap(name string) rules.AuthorityName {
	return rules.AuthorityName{ConfigMap: true, NamespacedName: types.NamespacedName{Namespace: "default", Name: name}}
}

func TestPoliciesDecideOnTLSWithServices(t *testing.T) {
	t.Parallel()
	policy := func(name string, authorities ...rules.AuthorityName) *rules.TLSPolicy {
		return &rules.TLSPolicy{Name: name, ServerName: name + ".io", AltNames: "a.io spiffe://b", Authorities: authorities}
	}
	shown := types.NamespacedName{Namespace: "default", Name: "shown"}
	services := []*corev1.Service{newService("default", "web", corev1.ServicePort{Name: "https", Port: 443}, corev1.ServicePort{Name: "other", Port: 444},
		corev1.ServicePort{Name: "own", Port: 445, AppProtocol: new("https")})}
	for name, test := range map[string]struct {
		of   rules.ServiceTLS
		port int32
		pool string
		want snapshot.UpstreamTLS
		why  string
	}{
		"a policy for all ports": {rules.ServiceTLS{All: policy("p", inMap("good"))}, 444, "default/web:444/HTTPS,policy=p",
			snapshot.UpstreamTLS{ServerName: "p.io", AltNames: "a.io spiffe://b", Authorities: "pem\n"}, ""},
		"a policy for the port": {rules.ServiceTLS{All: policy("p"), Ports: map[string]*rules.TLSPolicy{"https": policy("port", inMap("good"), inMap("more"))}}, 443,
			"default/web:443/HTTPS,policy=port", snapshot.UpstreamTLS{ServerName: "port.io", AltNames: "a.io spiffe://b", Authorities: "pem\nmore\n"}, ""},
		"a policy for another port": {rules.ServiceTLS{Ports: map[string]*rules.TLSPolicy{"https": policy("port")}}, 444, "default/web:444", snapshot.UpstreamTLS{}, ""},
		"authorities of which one is there": {rules.ServiceTLS{All: policy("p", inMap("none"), inMap("good"))}, 443, "default/web:443/HTTPS,policy=p",
			snapshot.UpstreamTLS{ServerName: "p.io", AltNames: "a.io spiffe://b", Authorities: "pem\n"}, ""},
		"authorities of which none is there": {rules.ServiceTLS{All: policy("p", inMap("none"), inMap("bad"))}, 443, "default/web:443/HTTPS,policy=p",
			snapshot.UpstreamTLS{ServerName: "p.io", AltNames: "a.io spiffe://b"}, "BackendTLSPolicy p: "},
		"a policy that cannot be kept": {rules.ServiceTLS{All: &rules.TLSPolicy{Name: "p", Fault: "no"}}, 443, "", snapshot.UpstreamTLS{}, ""},
		"a certificate that is shown": {rules.ServiceTLS{All: policy("p"), ClientCertificate: shown}, 443, "default/web:443/HTTPS,clientCertificate=default/shown,policy=p",
			snapshot.UpstreamTLS{ServerName: "p.io", AltNames: "a.io spiffe://b", ClientChain: "chain", ClientKey: "key"}, ""},
		"a certificate and what the Service says": {rules.ServiceTLS{ClientCertificate: shown}, 445, "default/web:445/HTTPS,clientCertificate=default/shown",
			snapshot.UpstreamTLS{ServerName: "web.default.svc", ClientChain: "chain", ClientKey: "key"}, ""},
		"a certificate and no TLS": {rules.ServiceTLS{ClientCertificate: shown}, 443, "default/web:443", snapshot.UpstreamTLS{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			object := objectOf("a", 1, rules.Rule{Where: "rules[0]", Match: rules.Match{Path: "/"},
				Backends: []rules.Backend{{Service: "web", Port: test.port, Weight: 1, MustExist: true, ServiceTLS: &test.of}}})
			in := translate.Input{
				Objects: []*rules.Object{object}, Services: services, ClientCertificates: []types.NamespacedName{shown},
				Secrets: []*translate.Secret{{Namespace: "default", Name: "shown", Chain: "chain", Key: "key"}},
				Authorities: []*translate.Authority{{Name: inMap("good"), Certificates: "pem\n"}, {Name: inMap("more"), Certificates: "more\n"},
					{Name: inMap("bad"), Fault: "ca.crt is empty", Certificates: "what was there before\n"}, {Name: inMap("none"), Missing: "does not exist"}},
			}
			s, _ := build(in)
			if got := s.Hosts[0].Routes[0].Pool; got != test.pool {
				t.Fatalf("the pool is %q, want %q", got, test.pool)
			}
			if test.pool == "" {
				return // 500: see TestWhatServesARule
			}
			if diff := cmp.Diff(test.want, s.Pools[0].TLS); diff != "" {
				t.Errorf("TLS (-want +got):\n%s", diff)
			}
			if test.why != "" && (!strings.HasPrefix(s.Pools[0].Why, test.why) || len(s.Pools[0].Endpoints) > 0) {
				t.Errorf("no request is sent because of %q, to %d endpoints; want %q", s.Pools[0].Why, len(s.Pools[0].Endpoints), test.why)
			}
			named := translate.NamedAuthorities(&in)
			for _, p := range []*rules.TLSPolicy{test.of.All, test.of.Ports["https"]} {
				if p == nil {
					continue
				}
				for _, name := range p.Authorities {
					if _, ok := named[name]; !ok {
						t.Errorf("%v is not asked for", name)
					}
				}
			}
			if _, ok := translate.NamedSecrets(&in)[shown]; !ok {
				t.Error("the Secret with the certificate that is shown is not asked for")
			}
		})
	}
}

func TestWhatClientsOfAListenerHaveToProve(t *testing.T) {
	t.Parallel()
	at := netip.MustParseAddrPort("[::]:443")
	secret := types.NamespacedName{Namespace: "default", Name: "c"}
	listener := func(name string, clients *rules.Clients) *rules.Listener {
		return &rules.Listener{ID: "l" + name, Address: at, TLS: true, Name: name, Certificates: []types.NamespacedName{secret}, Clients: clients}
	}
	in := translate.Input{
		Listeners: []*rules.Listener{
			listener("none", nil), listener("all", &rules.Clients{Authorities: []rules.AuthorityName{inMap("good"), inMap("gone")}}),
			listener("lax", &rules.Clients{Authorities: []rules.AuthorityName{inMap("good")}, Optional: true}),
			listener("shut", &rules.Clients{Authorities: []rules.AuthorityName{inMap("gone")}, Optional: true}), listener("never", &rules.Clients{}),
			{ID: "bare", Address: at, TLS: true, Name: "bare", Certificates: []types.NamespacedName{{Namespace: "default", Name: "missing"}}},
		},
		Secrets:     []*translate.Secret{{Namespace: "default", Name: "c", Chain: "chain", Key: "key"}},
		Authorities: []*translate.Authority{{Name: inMap("good"), Certificates: "pem"}, {Name: inMap("gone"), Missing: "does not exist"}},
	}
	s, _ := build(in)
	for i := range s.Listeners {
		s.Listeners[i].Hosts = nil
	}
	ids := []string{"default/c"}
	want := []snapshot.Listener{{Address: at, TLS: true, Names: []snapshot.ServedName{
		{Name: "all", Certificates: ids, Clients: snapshot.ClientCertificates{Authorities: "pem"}}, {Name: "bare"},
		{Name: "lax", Certificates: ids, Clients: snapshot.ClientCertificates{Authorities: "pem", Optional: true}},
		{Name: "never"}, {Name: "none", Certificates: ids}, {Name: "shut"},
	}}}
	if diff := cmp.Diff(want, s.Listeners); diff != "" {
		t.Errorf("listeners (-want +got):\n%s", diff)
	}
	if named := translate.NamedAuthorities(&in); len(named) != 2 {
		t.Errorf("asked for %v, want both authorities", named)
	}
}
