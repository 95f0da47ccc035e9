// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/clientcert"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// historyChanges is the environment variable that says how many changes the random histories have together. The usual
// number takes a second or two.
const historyChanges = "WARREN_HISTORY_CHANGES"

// A Builder gives what a build from nothing gives, whatever has happened before.
func TestABuilderBuildsWhatABuildFromNothingDoes(t *testing.T) {
	changes := 600
	if text := os.Getenv(historyChanges); text != "" {
		var err error
		if changes, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	const each = 60
	authority := newRevokingAuthority(t)
	for seed := range uint64(changes/each + 1) {
		h := newHistory(seed, authority)
		var b translate.Builder
		for step := range each {
			what := h.change()
			in := h.input()
			got, gotReports := b.Build(in)
			want, wantReports := translate.Build(in)
			if !got.Equal(want) {
				t.Fatalf("seed %d, step %d (%s): the snapshots differ (-from nothing +builder):\n%s", seed, step, what, differences(want, got))
			}
			values := make([]translate.Report, len(gotReports))
			for i, r := range gotReports {
				values[i] = *r
			}
			if diff := cmp.Diff(wantReports, values); diff != "" {
				t.Fatalf("seed %d, step %d (%s): the reports differ (-from nothing +builder):\n%s", seed, step, what, diff)
			}
		}
	}
}

// differences lists what two snapshots do not have in common.
func differences(a, b *snapshot.Snapshot) string {
	text := onlyIn("-", a.Hosts, b.Hosts, snapshot.Host.Equal) + onlyIn("+", b.Hosts, a.Hosts, snapshot.Host.Equal) +
		onlyIn("-", a.Listeners, b.Listeners, snapshot.Listener.Equal) + onlyIn("+", b.Listeners, a.Listeners, snapshot.Listener.Equal) +
		onlyIn("-", a.Pools, b.Pools, snapshot.Pool.Equal) + onlyIn("+", b.Pools, a.Pools, snapshot.Pool.Equal) +
		onlyIn("-", a.Checks, b.Checks, snapshot.Check.Equal) + onlyIn("+", b.Checks, a.Checks, snapshot.Check.Equal) +
		onlyIn("-", a.Certificates, b.Certificates, snapshot.Certificate.Equal) + onlyIn("+", b.Certificates, a.Certificates, snapshot.Certificate.Equal) +
		onlyIn("-", a.Unserved, b.Unserved, snapshot.Unserved.Equal) + onlyIn("+", b.Unserved, a.Unserved, snapshot.Unserved.Equal)
	if text == "" {
		return "the challenges, or the order of something"
	}
	return text
}

// onlyIn lists the items of a list that another one does not have.
func onlyIn[T any](sign string, list, other []T, equal func(a, b T) bool) (text string) {
	for _, item := range list {
		if !slices.ContainsFunc(other, func(o T) bool { return equal(item, o) }) {
			text += fmt.Sprintf("%s %T %+v\n", sign, item, item)
		}
	}
	return text
}

// history makes one input after the other, each with a few changes.
type history struct {
	generator
	in    translate.Input
	count int
	// breadth is how many hosts there are of each kind: the more, the less objects have to do with one another.
	breadth int
	// variety is how many names there are of authorities and the like: few that many objects name, or more than there is
	// room for.
	variety   int
	authority revokingAuthority
}

// revokingAuthority is an authority of clients, and lists of what it has revoked, which expire one after the other.
type revokingAuthority struct {
	certificate string
	revocations []*translate.Revocations
}

func newRevokingAuthority(t *testing.T) (a revokingAuthority) {
	t.Helper()
	certificate, revoke := clientAuthority(t, "one")
	a.certificate = certificate
	for n := range 3 {
		lists, expires, fault := clientcert.ReadRevocations(revoke(day(2 * n)))
		a.revocations = append(a.revocations, &translate.Revocations{Lists: lists, Expires: expires, Fault: fault})
	}
	a.revocations = append(a.revocations, nil, nil, &translate.Revocations{Fault: "it is broken"})
	return a
}

func newHistory(seed uint64, authority revokingAuthority) *history {
	h := &history{generator: generator{rand.New(rand.NewPCG(seed, 1))}, authority: authority}
	h.breadth, h.variety = pick(h.generator, 1, 1, 4, 20), pick(h.generator, 2, 2, 24)
	h.in.Now = today.Add(time.Hour)
	h.in.Options = translate.Options{
		IngressClass: "warren", AllowSharedHosts: h.IntN(4) == 0, RequireAllowedHosts: h.IntN(8) == 0,
		DefaultCertificate: pick(h.generator, types.NamespacedName{}, types.NamespacedName{Namespace: "blue", Name: "s0"}),
	}
	for range h.IntN(40) {
		h.change()
	}
	return h
}

// input returns the present input. Lists in which nothing has changed are the same ones, but now and then in another
// order.
func (h *history) input() translate.Input {
	in := h.in
	if h.IntN(10) == 0 {
		in.Objects, in.Tasks, in.Secrets = shuffled(h.generator, in.Objects), shuffled(h.generator, in.Tasks), shuffled(h.generator, in.Secrets)
	}
	return in
}

func (h *history) namespace() string { return pick(h.generator, "blue", "blue", "green") }

func (h *history) host() string {
	host := pick(h.generator, "", "x.io", "*.x.io", "a.x.io", "b.x.io", "y.io", "NOT.io", "c.y.io", "*.y.io", "z.io")
	if n := h.IntN(h.breadth); n > 0 && host != "" {
		if strings.HasPrefix(host, "*") {
			return host
		}
		return fmt.Sprint("n", n, host)
	}
	return host
}

func (h *history) authorityName(namespace string) (name translate.AuthorityName) {
	name.Namespace, name.Name, name.ConfigMap = namespace, fmt.Sprint("ca", h.IntN(h.variety)), h.IntN(2) == 0
	return name
}

func (h *history) secretName() types.NamespacedName {
	return types.NamespacedName{Namespace: h.namespace(), Name: fmt.Sprint("s", h.IntN(4))}
}

// listeners returns the listeners of a Gateway.
func (h *history) listeners() []*rules.Listener {
	one := &rules.Listener{ID: "gw/a", Address: netip.MustParseAddrPort("0.0.0.0:81"), Port: uint16(80 + h.IntN(2)), Owner: "blue"}
	other := &rules.Listener{
		ID: "gw/b", Address: netip.MustParseAddrPort("0.0.0.0:444"), TLS: true, Name: "*.x.io", Owner: pick(h.generator, "blue", "green"),
		Certificates: []types.NamespacedName{h.secretName(), h.secretName()},
	}
	if h.IntN(3) > 0 {
		other.Clients = &rules.Clients{Authorities: []translate.AuthorityName{h.authorityName(h.namespace()), h.authorityName("green")}, Optional: h.IntN(2) == 0}
	}
	return pick(h.generator, []*rules.Listener{one, other}, []*rules.Listener{other}, []*rules.Listener{other, one}, []*rules.Listener{one})
}

// replace returns a list with an object in the place of the one of the same name, or without that.
func replace[T any](h *history, list []*T, made *T, same func(a, b *T) bool) []*T {
	list = slices.Clone(list)
	at := slices.IndexFunc(list, func(o *T) bool { return same(o, made) })
	switch {
	case at >= 0 && h.IntN(3) == 0:
		return slices.Delete(list, at, at+1)
	case at >= 0:
		list[at] = made
		return list
	}
	return slices.Insert(list, h.IntN(len(list)+1), made)
}

// change changes one thing, and says which.
func (h *history) change() string {
	h.count++
	switch n := h.IntN(26); {
	case n < 9:
		o := h.object()
		h.in.Objects = replace(h, h.in.Objects, o, func(a, b *rules.Object) bool { return a.ID == b.ID })
		return "object " + o.ID
	case n < 11:
		task := newTask(h.namespace(), fmt.Sprint("t", h.IntN(8)), pick(h.generator, "api", "web"), h.address(),
			pick(h.generator, draining, unhealthy, weight(0), weight(3), listens(80, 8080), listens(443, 8443), checked, checkedElsewhere, failing, func(*v1alpha1.Task) {}))
		h.in.Tasks = replace(h, h.in.Tasks, task, func(a, b *v1alpha1.Task) bool { return a.Namespace == b.Namespace && a.Name == b.Name })
		return "Task " + task.Name
	case n < 13:
		name := pick(h.generator, "api", "web")
		slice := newSlice(h.namespace(), fmt.Sprint(name, h.IntN(3)), name, slicePort("p", 8080),
			pick(h.generator, ready, terminating, notReady)(h.address()), pick(h.generator, ready, terminating, notReady)(h.address()))
		if h.IntN(10) == 0 { // of the API server
			slice.Namespace, slice.Labels[discoveryv1.LabelServiceName] = "default", "kubernetes"
		}
		h.in.EndpointSlices = replace(h, h.in.EndpointSlices, slice, func(a, b *discoveryv1.EndpointSlice) bool {
			return a.Namespace == b.Namespace && a.Name == b.Name
		})
		return "EndpointSlice " + slice.Name
	case n < 14:
		port := corev1.ServicePort{Name: "p", Port: pick[int32](h.generator, 80, 443), AppProtocol: pick(h.generator, nil, nil, new("kubernetes.io/h2c"), new("https"))}
		service := newService(h.namespace(), pick(h.generator, "api", "web"), port)
		service.Spec.Type = pick(h.generator, corev1.ServiceTypeClusterIP, corev1.ServiceTypeClusterIP, corev1.ServiceTypeExternalName)
		service.Spec.ClusterIPs = []string{pick(h.generator, "None", "10.1.0.1", "10.1.0.2")}
		if h.IntN(20) == 0 {
			service.Namespace, service.Name = "default", "kubernetes"
			service.Spec.ClusterIPs = []string{h.address()}
		}
		h.in.Services = replace(h, h.in.Services, service, func(a, b *corev1.Service) bool { return a.Namespace == b.Namespace && a.Name == b.Name })
		return "Service " + service.Name
	case n < 16:
		from, name := h.IntN(4)-2, h.secretName()
		secret := lasting(newSecret(name.Namespace, name.Name, pick(h.generator, h.host(), "*.x.io"), "y.io"), from, from+pick(h.generator, 1, 9))
		if h.IntN(5) == 0 {
			secret.Fault = "broken"
			if h.IntN(2) == 0 {
				secret.Chain, secret.Key = "", ""
			}
		}
		secret.Gone = h.IntN(8) == 0
		h.in.Secrets = replace(h, h.in.Secrets, secret, func(a, b *translate.Secret) bool { return a.Namespace == b.Namespace && a.Name == b.Name })
		return "Secret " + secret.Name
	case n < 18:
		o := &v1alpha1.TLSCertificate{ObjectMeta: objectMeta(h.namespace(), fmt.Sprint("s", h.IntN(4)), h.IntN(3))}
		o.Spec.SecretName, o.Spec.AutoRenew = v1alpha1.SecretName(h.secretName().Name), pick(h.generator, nil, new(true), new(false))
		if h.IntN(2) == 0 {
			o.OwnerReferences = []metav1.OwnerReference{{UID: types.UID(fmt.Sprint(o.Namespace, "i", h.IntN(14))), Controller: new(true)}}
		}
		for range 1 + h.IntN(2) {
			o.Spec.Hosts = append(o.Spec.Hosts, v1alpha1.CertificateHost(pick(h.generator, "x.io", "*.x.io", "a.x.io", "y.io", "q.x.io", "q.io")))
		}
		h.in.TLSCertificates = replace(h, h.in.TLSCertificates, o, func(a, b *v1alpha1.TLSCertificate) bool { return a.Namespace == b.Namespace && a.Name == b.Name })
		return "TLSCertificate " + o.Name
	case n < 19:
		c := &translate.Credential{Name: h.credential(), Text: fmt.Sprint("user", h.count)}
		c.Name.Namespace = h.namespace()
		if h.IntN(3) == 0 {
			c.Text, c.Missing, c.Absent = "", "is broken", h.IntN(2) == 0
		}
		h.in.Credentials = replace(h, h.in.Credentials, c, func(a, b *translate.Credential) bool { return a.Name == b.Name })
		return "Credential " + c.Name.String()
	case n < 22:
		a := &translate.Authority{Name: h.authorityName(h.namespace()), Certificates: pick(h.generator, fmt.Sprint("certificates ", h.count), h.authority.certificate)}
		a.Revocations = pick(h.generator, h.authority.revocations...)
		switch h.IntN(8) {
		case 0, 1:
			a.Fault = "it is broken"
		case 2:
			a.Missing = "is not there"
		}
		h.in.Authorities = replace(h, h.in.Authorities, a, func(a, b *translate.Authority) bool { return a.Name == b.Name })
		return "Authority " + a.Name.String()
	case n < 23:
		allowed := maps.Clone(h.in.AllowedHosts)
		if h.IntN(6) == 0 {
			allowed = nil
		} else {
			if allowed == nil {
				allowed = map[string]*string{"blue": nil, "green": nil}
			}
			allowed[h.namespace()] = pick(h.generator, nil, nil, new("*"), new("x.io,*.x.io"), new("y.io"), new("NOT.io, ?"), new(""))
			if h.IntN(8) == 0 {
				delete(allowed, "green") // It is not known yet.
			}
		}
		h.in.AllowedHosts = allowed
		return "Namespace"
	case n < 24:
		owners, kept := maps.Clone(h.in.Owners), maps.Clone(h.in.Kept)
		if owners == nil {
			owners, kept = map[string]string{}, map[string]string{}
		}
		host := pick(h.generator, "", "x.io", "*.x.io", "a.x.io", "y.io", "k.x.io")
		delete(kept, host)
		if h.IntN(3) == 0 {
			delete(owners, host)
		} else {
			owners[host] = h.namespace()
			if h.IntN(2) == 0 {
				kept[host] = owners[host]
			}
		}
		h.in.Owners, h.in.Kept = owners, kept
		return "owner of " + host
	case n < 25:
		switch h.IntN(8) {
		case 0:
			h.in.Own = pick(h.generator, nil, []netip.AddrPort{netip.MustParseAddrPort("10.0.0.1:8080")},
				[]netip.AddrPort{netip.MustParseAddrPort("10.0.0.1:80")})
		case 1:
			h.in.Reserved.Controller = pick(h.generator, nil, []netip.Addr{netip.MustParseAddr("10.0.0.2")})
		case 2:
			h.in.Reserved.APIServer = pick(h.generator, nil, []netip.Addr{netip.MustParseAddr("10.0.0.3")})
		case 3, 4:
			if h.in.Listeners = nil; h.IntN(4) > 0 {
				h.in.Listeners = h.listeners()
			}
		case 5:
			h.in.Challenges = nil
			for range h.IntN(3) {
				h.in.Challenges = append(h.in.Challenges, translate.Challenge{Namespace: h.namespace(),
					Challenge: snapshot.Challenge{Host: h.host(), Token: fmt.Sprint(h.IntN(2)), KeyAuthorization: "k"}})
			}
		case 6:
			h.in.ClientCertificates = pick(h.generator, nil, []types.NamespacedName{h.secretName()}, []types.NamespacedName{h.secretName(), h.secretName()})
		case 7:
			switch o := &h.in.Options; h.IntN(6) {
			case 0:
				o.RequireAllowedHosts = !o.RequireAllowedHosts
			case 1:
				o.DefaultCertificate = pick(h.generator, types.NamespacedName{}, h.secretName())
			default:
				o.AllowLocalTasks = h.IntN(2) == 0
			}
		}
		return "the rest"
	}
	h.in.Now = h.in.Now.Add(time.Duration(h.IntN(72)-12) * time.Hour)
	return "time"
}

func checked(t *v1alpha1.Task) {
	t.Spec.HealthCheck = &v1alpha1.HealthCheck{Type: v1alpha1.HealthCheckHTTP, Port: 80, Path: "/health"}
}

func checkedElsewhere(t *v1alpha1.Task) {
	checked(t)
	t.Spec.HealthCheck.Path = "/elsewhere"
}

// failing has a Task's probes have failed.
func failing(t *v1alpha1.Task) {
	checked(t)
	t.Status.Conditions = []metav1.Condition{{
		Type: v1alpha1.ConditionHealthy, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonProbeFailed, ObservedGeneration: t.Generation,
	}}
}

func (h *history) credential() (name rules.CredentialName) {
	name.Name, name.Form = fmt.Sprint("users", h.IntN(2*h.variety)), pick(h.generator, rules.Users, rules.KeySet)
	return name
}

// object returns an object with some of everything that objects may have.
func (h *history) object() *rules.Object {
	namespace, name := h.namespace(), fmt.Sprint("i", h.IntN(14))
	o := &rules.Object{
		Kind: v1alpha1.IngressKind, Namespace: namespace, Name: name, ID: namespace + "/" + name, UID: types.UID(namespace + name),
		Generation: int64(h.count), Created: today.Add(time.Duration(h.IntN(4)) * time.Second),
	}
	expressive := h.IntN(4) == 0
	for e := range 1 + h.IntN(3) {
		host := rules.Host{Name: h.host(), Where: fmt.Sprintf("rules[%d]", e), Index: e}
		switch h.IntN(12) {
		case 0:
			host.Alias = expressive
		case 1:
			host.Yields = true
		case 2:
			host.Alone = true
		case 3:
			host.Default = true
		case 4, 5:
			host.Expressions = expressive
		case 6:
			if len(h.in.Listeners) > 0 {
				host.Listener = pick(h.generator, h.in.Listeners...)
				host.Name = pick(h.generator, "", "x.io", "*.x.io")
			}
		}
		if !host.Alias {
			for r := range 1 + h.IntN(pick(h.generator, 3, 3, h.variety)) {
				host.Rules = append(host.Rules, h.rule(fmt.Sprintf("%s.paths[%d]", host.Where, r), expressive))
			}
		}
		o.Hosts = append(o.Hosts, host)
	}
	if h.IntN(3) == 0 {
		o.Certificates = []rules.Wish{{
			Secret: fmt.Sprint("s", h.IntN(4)), Redirect: h.IntN(2) == 0, Ordered: h.IntN(4) == 0,
			Hosts: pick(h.generator, nil, nil, []string{"x.io"}, []string{"*.x.io", "a.x.io"}, []string{"q.io"}),
		}}
	}
	if h.IntN(4) == 0 {
		o.ClientCertificate = &rules.ClientCertificate{
			Hosts: pick(h.generator, nil, []string{"x.io"}, []string{"*.x.io"}), Authorities: h.authorityName(namespace), OldestHolds: h.IntN(2) == 0,
		}
		if h.IntN(2) == 0 {
			o.ClientCertificate.Revocations = h.authorityName(h.namespace())
		}
	}
	if expressive && h.IntN(4) == 0 {
		o.Canary = &rules.Canary{Weight: 1, Total: 3, Header: pick(h.generator, "", "canary")}
	}
	switch h.IntN(14) {
	case 0:
		return o.Closed("it is at fault")
	case 1:
		return o.ClosedHosts("it is at fault")
	}
	return o
}

func (h *history) rule(where string, expressive bool) rules.Rule {
	rule := rules.Rule{Where: where, Match: rules.Match{
		Path: pick(h.generator, "/", "/a", "/a/b"), Type: pick(h.generator, snapshot.MatchPrefix, snapshot.MatchExact)}}
	for range 1 + h.IntN(2) {
		rule.Backends = append(rule.Backends, h.backend())
	}
	if expressive {
		rule.Expression = &rules.Match{Path: rule.Match.Path, Type: snapshot.MatchOpenExpression, Beginning: rule.Match.Path, Asks: h.IntN(2) == 0}
		rule.Expressions = []rules.Expression{{Text: pick(h.generator, "a+", "b+", "c+", "d+"), Size: pick(h.generator, 20, 90_000)}}
		rule.Backends = rule.Backends[:1]
	}
	switch h.IntN(12) {
	case 0:
		rule.Fault = &rules.Fault{Text: "it is wrong", Closing: rules.InvalidRule}
	case 1:
		rule.Fault = &rules.Fault{Text: "it cannot be read", Closing: rules.UnreadablePath, Beginning: "/a"}
	case 2:
		rule.Mirrors = []rules.Mirror{{Backend: h.backend(), Numerator: 1, Denominator: 2}}
	case 3:
		rule.ErrorPages = []rules.ErrorPage{{Backend: h.backend(), Statuses: []int{404}, Path: "/"}}
	case 4:
		rule.Fallback = &rules.Fallback{Backend: h.backend()}
	case 5:
		rule.Policies = []policy.Policy{&policy.Access{Allowed: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}}
	case 6:
		rule.Auth = &rules.Auth{Basic: &rules.BasicAuth{Realm: "r", Users: h.credential()}}
	case 7:
		rule.Auth = &rules.Auth{JWT: &rules.JWTAuth{Issuer: "i", KeysURL: fmt.Sprint("https://keys.io/", h.IntN(h.variety))}}
	case 8:
		rule.Auth = &rules.Auth{External: &rules.ExternalAuth{Backend: h.backend(), Asks: auth.External{}}}
	}
	return rule
}

func (h *history) backend() rules.Backend {
	b := rules.Backend{Service: pick(h.generator, "api", "web", "none"), Port: pick[int32](h.generator, 80, 443), Weight: int32(h.IntN(3))}
	switch h.IntN(12) {
	case 0:
		b.Namespace = h.namespace()
	case 1:
		b.Port, b.PortName = 0, "p"
	case 2:
		b.MustExist = true
	case 3:
		b.Protocol = rules.H2C
	case 4, 5:
		name := h.authorityName("")
		b.Protocol, b.TLS = rules.HTTPS, &rules.BackendTLS{CASecret: name.Name}
		if name.ConfigMap {
			b.TLS.CASecret, b.TLS.CAConfigMap = "", name.Name
		}
		b.TLS.ServerNameFromRequest = h.IntN(2) == 0
		if h.IntN(3) == 0 {
			b.TLS.ClientCertificate, b.TLS.MustShow = h.secretName(), h.IntN(2) == 0
		}
	case 7:
		b.Port, b.FirstPort = 0, true
	case 8:
		b.ByService = true
	case 9:
		policy := &rules.TLSPolicy{Name: fmt.Sprint("policy", h.count), ServerName: "x.io", Authorities: []translate.AuthorityName{h.authorityName(h.namespace())}}
		b.ServiceTLS = pick(h.generator, &rules.ServiceTLS{All: policy}, &rules.ServiceTLS{Ports: map[string]*rules.TLSPolicy{"p": policy}},
			&rules.ServiceTLS{ClientCertificate: h.secretName()})
	case 6:
		b.Fault = "no grant"
	}
	return b
}

// Some of what an island reads of others changes so rarely that random histories hardly meet it.
func TestABuilderReadsOfOtherIslands(t *testing.T) {
	blue := func(name string) types.NamespacedName { return types.NamespacedName{Namespace: "blue", Name: name} }
	site := func(name, host string, change func(*rules.Object)) *rules.Object {
		o := asRules([]*v1alpha1.Ingress{newSite("blue", name, 0, host)})[0]
		change(o)
		return o
	}
	redirected := func(redirect bool) []*rules.Object {
		return []*rules.Object{site("w", "*.x.io", func(o *rules.Object) { o.Certificates = []rules.Wish{{Secret: "s", Redirect: redirect}} })}
	}
	var guarded []*rules.Object
	for n := range translate.AuthoritiesPerNamespace + 1 {
		guarded = append(guarded, site(fmt.Sprintf("i%02d", n), fmt.Sprintf("h%d.io", n), func(o *rules.Object) {
			o.ClientCertificate = &rules.ClientCertificate{Authorities: translate.AuthorityName{NamespacedName: blue(fmt.Sprint("ca", n))}}
		}))
	}
	listener := []*rules.Listener{{ID: "gw/a", Address: netip.MustParseAddrPort("0.0.0.0:444"), TLS: true,
		Clients: &rules.Clients{Authorities: []translate.AuthorityName{{NamespacedName: blue("gateway")}}}}}
	full := translate.AuthoritiesPerNamespace
	service := []*corev1.Service{newService("blue", "web", corev1.ServicePort{Name: "p", Port: 80})}
	self := []*discoveryv1.EndpointSlice{newSlice("blue", "web", "web", slicePort("p", 8080), ready("10.0.0.1"))}
	one := redirected(false)
	own := func(port uint16) translate.Input {
		at := []netip.AddrPort{netip.AddrPortFrom(netip.MustParseAddr("10.0.0.1"), port)}
		return translate.Input{Objects: one, Own: at, Services: service, EndpointSlices: self}
	}
	shown := []*rules.Object{site("s", "s.io", func(o *rules.Object) {
		o.Hosts[0].Rules[0].Backends[0].Protocol = rules.HTTPS
		o.Hosts[0].Rules[0].Backends[0].TLS = &rules.BackendTLS{ClientCertificate: blue("s")}
	})}
	secrets := []*translate.Secret{newSecret("blue", "s", "*.x.io")}
	revoking := newRevokingAuthority(t)
	dated := func(now time.Time) translate.Input {
		authority := &translate.Authority{Name: translate.AuthorityName{NamespacedName: blue("ca0")}, Certificates: revoking.certificate, Revocations: revoking.revocations[1]}
		return translate.Input{Objects: guarded[:1], Authorities: []*translate.Authority{authority}, Now: now}
	}
	expiring := []translate.Input{dated(day(1)), dated(day(3))}
	expiring[1].Authorities = expiring[0].Authorities
	below := site("a", "a.x.io", func(*rules.Object) {})
	every := func(certificates ...rules.Wish) *rules.Object {
		return site("e", "", func(o *rules.Object) { o.Certificates = certificates })
	}
	probed := func(how func(*v1alpha1.Task)) []*v1alpha1.Task {
		return []*v1alpha1.Task{newTask("blue", "t", "web", "10.0.0.1", how)}
	}
	for name, inputs := range map[string][]translate.Input{
		"the redirect of the wildcard over a host that is kept": {
			{Objects: redirected(false), Secrets: secrets, Kept: map[string]string{"k.x.io": "blue"}},
			{Objects: redirected(true), Secrets: secrets, Kept: map[string]string{"k.x.io": "blue"}},
		},
		"a listener that comes to a bound that is reached": {{Objects: guarded}, {Objects: guarded, Listeners: listener}},
		"a listener with which a bound is reached":         {{Objects: guarded[:full]}, {Objects: guarded[:full], Listeners: listener}},
		"objects that come to a listener, beyond a bound": {
			{Objects: guarded[:full-1], Listeners: listener}, {Objects: guarded[:full], Listeners: listener}},
		"a port of the controller's own":     {own(80), own(8080)},
		"a list of revocations that expires": expiring,
		"a redirect for a wildcard that is no host": {
			{Objects: []*rules.Object{every(rules.Wish{Secret: "s", Hosts: []string{"*.x.io"}, Redirect: true}), below}, Secrets: secrets},
			{Objects: []*rules.Object{every(), below}, Secrets: secrets},
		},
		"how a Task is probed": {{Objects: one, Tasks: probed(checked)}, {Objects: one, Tasks: probed(checkedElsewhere)}},
		"a certificate that backends are shown": {
			{Objects: shown, Secrets: secrets}, {Objects: shown, Secrets: secrets, ClientCertificates: []types.NamespacedName{blue("s")}},
			{Objects: shown, ClientCertificates: []types.NamespacedName{blue("s")}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var b translate.Builder
			said := ""
			for step, in := range inputs {
				if in.Now.IsZero() {
					in.Now = today.Add(time.Hour)
				}
				got, gotReports := b.Build(in)
				want, wantReports := translate.Build(in)
				if !got.Equal(want) {
					t.Fatalf("step %d: the snapshots differ (-from nothing +builder):\n%s", step, differences(want, got))
				}
				values := make([]translate.Report, len(gotReports))
				for i, r := range gotReports {
					values[i] = *r
				}
				if diff := cmp.Diff(wantReports, values); diff != "" {
					t.Fatalf("step %d: the reports differ (-from nothing +builder):\n%s", step, diff)
				}
				before := said
				if said = fmt.Sprintf("%+v %+v %+v %+v", want.Hosts, want.Pools, want.Checks, wantReports); said == before {
					t.Errorf("step %d makes no difference", step)
				}
			}
		})
	}
}

// What a change does not concern is the same memory afterwards: the data plane looks no further then.
func TestWhatDoesNotChangeStaysTheSameMemory(t *testing.T) {
	in := translate.Input{Now: today, Options: translate.Options{IngressClass: "warren"}}
	var ingresses []*v1alpha1.Ingress
	for _, name := range []string{"a", "b", "c"} {
		ingresses = append(ingresses, withTLS(newIngress("blue", name, 0, newRule(name+".io", prefix("/", name))), name))
		in.Tasks = append(in.Tasks, newTask("blue", name, name, "10.0.0.1"))
		in.Secrets = append(in.Secrets, newSecret("blue", name, name+".io"))
	}
	in.Objects = asRules(ingresses)
	var b translate.Builder
	before, reports := b.Build(in)
	ingresses[1] = withTLS(newIngress("blue", "b", 0, newRule("b.io", prefix("/changed", "c"))), "b")
	in.Objects = slices.Clone(in.Objects)
	in.Objects[1] = asRules(ingresses[1:2])[0]
	after, reportsAfter := b.Build(in)
	if len(after.Hosts) != 3 || len(after.Certificates) != 3 || len(after.Pools) != 2 || after.Hosts[1].Routes[0].Path != "/changed" {
		t.Fatalf("%+v", after)
	}
	for i := range after.Hosts {
		if same := &before.Hosts[i].Routes[0] == &after.Hosts[i].Routes[0]; same != (i != 1) {
			t.Errorf("host %s: the routes are the same memory: %v", after.Hosts[i].Name, same)
		}
	}
	for i, p := range after.Pools {
		if &before.Pools[2*i].Endpoints[0] != &p.Endpoints[0] {
			t.Errorf("pool %s has other endpoints", p.ID)
		}
	}
	if &before.Certificates[0] != &after.Certificates[0] {
		t.Error("the certificates are others")
	}
	if !slices.Equal(reports, reportsAfter) { // It is said of b what was said of it before.
		t.Error("the reports are others")
	}
	again, _ := b.Build(in)
	if &after.Hosts[0] != &again.Hosts[0] || &after.Pools[0] != &again.Pools[0] {
		t.Error("a build without a change makes other lists")
	}
}

// badPolicy is a policy that panics when it is compared.
type badPolicy struct{ policy.Policy }

// A build that panics leaves nothing behind that the next one could be wrong about.
func TestABuilderThatPanickedBeginsWithNothing(t *testing.T) {
	in := translate.Input{Options: translate.Options{IngressClass: "warren"}}
	in.Objects = asRules([]*v1alpha1.Ingress{
		newIngress("blue", "a", 0, newRule("a.io", prefix("/", "a"))), newIngress("blue", "b", 0, newRule("b.io", prefix("/", "b"))),
	})
	var b translate.Builder
	b.Build(in)
	bad := func() *rules.Object {
		o := *in.Objects[0]
		o.Hosts = slices.Clone(o.Hosts)
		o.Hosts[0].Rules = slices.Clone(o.Hosts[0].Rules)
		o.Hosts[0].Rules[0].Policies = []policy.Policy{badPolicy{}}
		return &o
	}
	with := in
	with.Objects = []*rules.Object{bad(), in.Objects[1]}
	b.Build(with)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("it does not panic")
			}
		}()
		with.Objects = []*rules.Object{bad(), in.Objects[1]} // which is compared with the one before
		b.Build(with)
	}()
	in.Objects = in.Objects[1:]
	got, _ := b.Build(in)
	if want, _ := translate.Build(in); !got.Equal(want) {
		t.Error(differences(want, got))
	}
}
