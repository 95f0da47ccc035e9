// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/acme"
	"github.com/warren-dev/ingress/test/kubeapi"
)

// changing is a namespace with one certificate. The controller that orders it has other namespaces too.
type changing struct {
	*scene
	p      *pebble
	roots  *x509.CertPool
	clerk  *clerk
	system string
	email  string
	// underWay says whether the change comes during the first order.
	underWay bool
	// object is what wants the certificate: a TLSCertificate, or an Ingress of either kind.
	object client.Object
	// name is the TLSCertificate's, and secret that of its Secret. hosts are what the certificate is for in the end.
	name, secret string
	hosts        []string
	// before is the serial number of the certificate before it was renewed.
	before string
}

// at returns hosts of this namespace.
func (c *changing) at(names ...string) []string {
	hosts := make([]string, len(names))
	for i, name := range names {
		hosts[i] = c.host(name)
	}
	return hosts
}

// begin creates what wants the certificate.
func (c *changing) begin(kind string) {
	c.t.Helper()
	c.name, c.secret, c.hosts = "shop-tls", "shop-tls", c.at("shop", "www")
	switch kind {
	case "TLSCertificate":
		c.route()
		c.object = c.certificate(c.name)
	case "Ingress":
		c.object = c.ingress()
	default:
		c.haveIngressClass()
		c.object = c.standard()
	}
	c.create(c.object)
}

// certificate is a TLSCertificate for the hosts in the Secret.
func (c *changing) certificate(name string) *v1alpha1.TLSCertificate {
	made := &v1alpha1.TLSCertificate{ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.TLSCertificateSpec{SecretName: v1alpha1.SecretName(c.secret), Email: v1alpha1.Email(c.email)}}
	for _, host := range c.hosts {
		made.Spec.Hosts = append(made.Spec.Hosts, v1alpha1.CertificateHost(host))
	}
	return made
}

// ingress is an Ingress of the project's for the hosts.
func (c *changing) ingress() *v1alpha1.Ingress {
	made := automatic("shop", c.hosts[0])
	made.Spec.TLS.Email = v1alpha1.Email(c.email)
	made.Spec.Rules = c.rules()
	return made
}

func (c *changing) rules() []v1alpha1.IngressRule {
	var rules []v1alpha1.IngressRule
	for _, host := range c.hosts {
		rules = append(rules, ingress("", host, "web").Spec.Rules...)
	}
	return rules
}

// standard is an Ingress of networking.k8s.io for the hosts.
func (c *changing) standard() *networkingv1.Ingress {
	return &networkingv1.Ingress{
		ObjectMeta: metav1.ObjectMeta{Name: "shop", Annotations: map[string]string{
			"ingress.warren.dev/auto-ssl": "true", "ingress.warren.dev/email": c.email}},
		Spec: networkingv1.IngressSpec{IngressClassName: new("warren"), Rules: c.standardRules()},
	}
}

func (c *changing) standardRules() []networkingv1.IngressRule {
	var rules []networkingv1.IngressRule
	for _, host := range c.hosts {
		backend := networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{Name: "web", Port: networkingv1.ServiceBackendPort{Number: servicePort}}}
		rules = append(rules, networkingv1.IngressRule{Host: host, IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{
			Paths: []networkingv1.HTTPIngressPath{{Path: "/", PathType: new(networkingv1.PathTypePrefix), Backend: backend}}}}})
	}
	return rules
}

// wants makes the certificate be for other hosts.
func (c *changing) wants(names ...string) {
	c.t.Helper()
	c.hosts = c.at(names...)
	c.change(c.object, func() {
		switch object := c.object.(type) {
		case *v1alpha1.TLSCertificate:
			object.Spec.Hosts = c.certificate("").Spec.Hosts
		case *v1alpha1.Ingress:
			object.Spec.Rules = c.rules()
		case *networkingv1.Ingress:
			object.Spec.Rules = c.standardRules()
		}
	})
}

// edits changes the TLSCertificate.
func (c *changing) edits(change func(*v1alpha1.TLSCertificateSpec)) {
	c.t.Helper()
	certificate := c.object.(*v1alpha1.TLSCertificate)
	c.change(certificate, func() { change(&certificate.Spec) })
}

// again deletes an object, and what it owns as the cluster would, and creates it again.
func (c *changing) again(object client.Object) {
	c.t.Helper()
	c.delete(object)
	object.SetResourceVersion("")
	object.SetUID("")
	c.create(object)
}

// account returns the Secret of the account.
func (c *changing) account() *corev1.Secret {
	c.t.Helper()
	var list corev1.SecretList
	if err := c.List(c.t.Context(), &list, client.InNamespace(c.system)); err != nil {
		c.t.Fatal(err)
	}
	for i := range list.Items {
		if list.Items[i].Annotations["ingress.warren.dev/acme-email"] == c.email {
			return &list.Items[i]
		}
	}
	c.t.Fatalf("there is no account of %s", c.email)
	return nil
}

// kept returns the certificate's Secret. During the first order, it makes one that is handed over.
func (c *changing) kept() *corev1.Secret {
	c.t.Helper()
	secret := &corev1.Secret{}
	if !c.underWay {
		if err := c.Get(c.t.Context(), client.ObjectKey{Namespace: c.namespace, Name: c.secret}, secret); err != nil {
			c.t.Fatal(err)
		}
		return secret
	}
	secret = keptSecret(c.secret, c.selfMade(time.Hour, "elsewhere.example.org"))
	secret.Annotations = map[string]string{"ingress.warren.dev/tlscertificate": c.name}
	c.create(secret)
	return secret
}

// holds puts another pair into the Secret.
func (c *changing) holds(pair keptPair) {
	c.t.Helper()
	secret := c.kept()
	c.change(secret, func() {
		secret.Data = map[string][]byte{corev1.TLSCertKey: pair.chain, corev1.TLSPrivateKeyKey: pair.key}
	})
}

// issued waits until the wanted certificate is in the wanted Secret, and returns it.
func (c *changing) issued() *x509.Certificate {
	c.t.Helper()
	var leaf *x509.Certificate
	eventually(c.t, changesLimit, "the certificate", func() error {
		var object v1alpha1.TLSCertificate
		if err := c.Get(c.t.Context(), client.ObjectKey{Namespace: c.namespace, Name: c.name}, &object); err != nil {
			return err
		}
		ready, issuing := condition(&object, v1alpha1.ConditionReady), condition(&object, v1alpha1.ConditionIssuing)
		if issuing.Reason == v1alpha1.ReasonOrderLimit {
			c.t.Fatalf("%v, with the ledger %v", issuing, c.ledgered(c.system))
		}
		if ready.Status != metav1.ConditionTrue || issuing.Reason != v1alpha1.ReasonUpToDate || issuing.ObservedGeneration != object.Generation {
			return fmt.Errorf("generation %d says %v %v", object.Generation, ready, issuing)
		}
		var secret corev1.Secret
		if err := c.Get(c.t.Context(), client.ObjectKey{Namespace: c.namespace, Name: c.secret}, &secret); err != nil {
			return err
		}
		pair, err := tls.X509KeyPair(secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey])
		if err != nil {
			return err
		}
		leaf = pair.Leaf
		if serial := fmt.Sprintf("%x", leaf.SerialNumber); serial == c.before {
			return errors.New("it is the one before")
		}
		for _, host := range c.hosts {
			if _, err := leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: c.roots, Intermediates: intermediates(pair)}); err != nil {
				return fmt.Errorf("for %s: %w", host, err)
			}
		}
		return nil
	})
	return leaf
}

func intermediates(pair tls.Certificate) *x509.CertPool {
	pool := x509.NewCertPool()
	for _, der := range pair.Certificate[1:] {
		if certificate, err := x509.ParseCertificate(der); err == nil {
			pool.AddCert(certificate)
		}
	}
	return pool
}

func condition(object *v1alpha1.TLSCertificate, kind string) metav1.Condition {
	if found := meta.FindStatusCondition(object.Status.Conditions, kind); found != nil {
		return *found
	}
	return metav1.Condition{}
}

// issuing waits until the condition Issuing has a reason.
func (c *changing) issuing(reason string) {
	c.t.Helper()
	eventually(c.t, changesLimit, "what Issuing says", func() error {
		var object v1alpha1.TLSCertificate
		if err := c.Get(c.t.Context(), client.ObjectKey{Namespace: c.namespace, Name: c.name}, &object); err != nil {
			return err
		}
		if got := condition(&object, v1alpha1.ConditionIssuing); got.Reason != reason || got.ObservedGeneration != object.Generation {
			return fmt.Errorf("it is %v, want %s", got, reason)
		}
		return nil
	})
}

// versions returns those of all objects that a controller writes for this namespace.
func (c *changing) versions() (map[string]string, error) {
	versions := map[string]string{}
	for _, list := range []client.ObjectList{&v1alpha1.TLSCertificateList{}, &v1alpha1.IngressList{}, &networkingv1.IngressList{}, &corev1.SecretList{}} {
		if err := c.List(c.t.Context(), list, client.InNamespace(c.namespace)); err != nil {
			return nil, err
		}
		items, err := meta.ExtractList(list)
		if err != nil {
			return nil, err
		}
		for _, item := range items {
			object := item.(client.Object)
			versions[fmt.Sprintf("%T %s", object, object.GetName())] = object.GetResourceVersion()
		}
	}
	orders, err := c.orders(c.system)
	for name, order := range orders {
		versions["the order of "+name] = order.ResourceVersion
	}
	return versions, err
}

// changesLimit is how long a certificate may take while many others are ordered.
const changesLimit = 3 * time.Minute

// changeOfCertificate is something that happens to what an order depends on.
type changeOfCertificate struct {
	name string
	// kind is what wants the certificate.
	kind string
	do   func(*changing)
	// costs is how many orders the change costs besides the first, after a first issuance. costsUnderWay is the same with
	// one under way.
	costs, costsUnderWay int
}

// Whatever is changed, and whenever: in the end the wanted certificate is in the wanted Secret, it is renewed, and no
// more is ordered than necessary.
func TestACertificateGoesOnWhateverChanges(t *testing.T) {
	t.Parallel()
	system := kubeapi.Namespace(t, api.Config(t))
	http01, https := ports.address(t), ports.address(t)
	first := newSceneIn(t, api.Config(t), system)
	p := first.authorityFor(http01, https, nil)
	clerk, roots := startClerk(p), p.roots()
	var all []*changing
	var changes []changeOfCertificate
	var namespaces []string
	for _, underWay := range []bool{false, true} {
		for _, change := range changesOfCertificates() {
			s := newScene(t)
			c := &changing{scene: s, p: p, roots: roots, clerk: clerk, system: system, email: s.namespace + "@example.com", underWay: underWay}
			clerk.hold(s.namespace, underWay)
			all, changes, namespaces = append(all, c), append(changes, change), append(namespaces, s.namespace)
		}
	}
	// each does something in every namespace, in a subtest of its name.
	failed := make([]bool, len(all))
	each := func(stage string, do func(*testing.T, *changing, *changeOfCertificate)) {
		began := time.Now()
		for i, c := range all {
			if failed[i] {
				continue
			}
			when := "after the first"
			if c.underWay {
				when = "under way"
			}
			failed[i] = !t.Run(strings.Join([]string{changes[i].kind, changes[i].name, when, stage}, "/"), func(t *testing.T) {
				c.t = t
				do(t, c, &changes[i])
			})
		}
		t.Logf("%s took %s", stage, time.Since(began).Round(time.Millisecond))
	}
	start := func() *controller {
		first.t = t
		return startController(t, append(p.arguments(), "--kubeconfig="+first.kubeconfig, "--namespace="+system, "--watch-namespaces="+strings.Join(namespaces, ","),
			"--publish-address=127.0.0.1", "--drain-delay=0s", "--allow-local-tasks", "--http-address="+http01, "--https-address="+https,
			"--leader-elect=false", "--acme-orders-per-day=0")...)
	}
	controller := start().ready()
	each("begin", func(_ *testing.T, c *changing, change *changeOfCertificate) { c.begin(change.kind) })
	each("first", func(t *testing.T, c *changing, _ *changeOfCertificate) {
		if !c.underWay {
			c.issued()
			return
		}
		eventually(t, changesLimit, "the order to be under way", func() error {
			if !clerk.waits(c.namespace) {
				return errors.New("it is not")
			}
			return nil
		})
	})
	each("change", func(_ *testing.T, c *changing, change *changeOfCertificate) { change.do(c) })
	for _, c := range all {
		clerk.hold(c.namespace, false)
	}
	placedBefore := map[string]int{}
	each("certificate", func(t *testing.T, c *changing, change *changeOfCertificate) {
		leaf := c.issued()
		want := 1 + change.costs
		if c.underWay {
			want = 1 + change.costsUnderWay
		}
		if asked, placed, named := clerk.count(c.namespace); placed > want || asked > want+1 {
			t.Errorf("%d orders were placed and %d asked for, %d of which name a certificate, want %d", placed, asked, named, want)
		}
		id, err := acme.CertificateID(leaf)
		if err != nil {
			t.Fatal(err)
		}
		// From here on it may be renewed: a controller asks when to renew after a certificate has come, and when it starts.
		c.before = fmt.Sprintf("%x", leaf.SerialNumber)
		_, placedBefore[c.namespace], _ = clerk.count(c.namespace)
		clerk.renew(id)
	})
	controller.kill()
	start()
	each("renewal", func(t *testing.T, c *changing, _ *changeOfCertificate) {
		c.issued()
		if _, placed, _ := clerk.count(c.namespace); placed != placedBefore[c.namespace]+1 {
			t.Errorf("%d orders were placed for a renewal, want 1", placed-placedBefore[c.namespace])
		}
	})
	// The state rests.
	versions := map[string]map[string]string{}
	each("rest", func(t *testing.T, c *changing, _ *changeOfCertificate) {
		eventually(t, patience, "the order to be forgotten", func() error {
			orders, err := c.orders(system)
			if n := len(orders); n > 0 {
				err = fmt.Errorf("there are %v", slices.Collect(maps.Keys(orders)))
			}
			return err
		})
		var err error
		if versions[c.namespace], err = c.versions(); err != nil {
			t.Fatal(err)
		}
	})
	always(t, 3*time.Second, "no more should be ordered", func() error {
		for i, c := range all {
			if _, placed, _ := clerk.count(c.namespace); !failed[i] && placed != placedBefore[c.namespace]+1 {
				return fmt.Errorf("%s %s: %d orders were placed", changes[i].kind, changes[i].name, placed)
			}
		}
		return nil
	})
	each("rested", func(t *testing.T, c *changing, _ *changeOfCertificate) {
		if now, err := c.versions(); err != nil || !maps.Equal(now, versions[c.namespace]) {
			t.Errorf("the objects are %v (%v), want %v", now, err, versions[c.namespace])
		}
	})
}
