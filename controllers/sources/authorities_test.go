// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"context"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/test/fixture"
)

// watching returns Authorities that run as a user until the test ends.
func watching(k *fixture.Cluster, as string) (*Authorities, context.Context) {
	k.T.Helper()
	config := rest.CopyConfig(k.Config)
	config.Impersonate.UserName = as
	mgr, err := ctrl.NewManager(config, ctrl.Options{Scheme: k.Scheme(), Logger: logr.Discard(),
		Metrics: server.Options{BindAddress: "0"}, HealthProbeBindAddress: "0"})
	if err != nil {
		k.T.Fatal(err)
	}
	caches := map[string]*cluster.MetadataCache{}
	for _, kind := range []string{"Secret", "ConfigMap"} {
		if caches[kind], err = cluster.AddMetadataCache(mgr, kind, []string{k.Blue, k.Green}); err != nil {
			k.T.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(k.T.Context())
	a := NewAuthorities(mgr.GetAPIReader(), caches["Secret"], caches["ConfigMap"], func() {})
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(ctx) }()
	k.T.Cleanup(func() {
		cancel()
		a.Wait()
		if err := <-ended; err != nil {
			k.T.Error(err)
		}
	})
	return a, ctx
}

// reads returns what is read of authorities.
func reads(ctx context.Context, t *testing.T, a *Authorities, names ...translate.AuthorityName) []*translate.Authority {
	t.Helper()
	known, err := a.Read(ctx, named(names...))
	if err != nil {
		t.Fatal(err)
	}
	return known
}

func named(names ...translate.AuthorityName) map[translate.AuthorityName]struct{} {
	set := make(map[translate.AuthorityName]struct{})
	for _, name := range names {
		set[name] = struct{}{}
	}
	return set
}

func TestNothingIsHeldButTheCertificatesThatAreNamed(t *testing.T) {
	t.Parallel()
	k := fixture.New(t, &api)
	text := string(fixture.NewKeyPair(t, fixture.Spring, fixture.Summer, "a").Chain)
	k.Make(fixture.ConfigMap(k.Blue, "named", text), fixture.ConfigMap(k.Blue, "other", text), fixture.ConfigMap(k.Green, "named", text),
		fixture.OpaqueSecret(k.Blue, "named", text), fixture.OpaqueSecret(k.Blue, "other", text))
	a, ctx := watching(k, fixture.FullUser)
	inMap := translate.AuthorityName{ConfigMap: true, NamespacedName: types.NamespacedName{Namespace: k.Blue, Name: "named"}}
	inSecret := inMap
	inSecret.ConfigMap = false
	fixture.Eventually(t, func() error {
		if got := reads(ctx, t, a, inMap, inSecret); len(got) != 2 || got[0].Certificates != text || got[1].Certificates != text {
			return fmt.Errorf("read %+v", got)
		}
		return nil
	})
	var held []string
	secrets, _ := a.secrets.Objects()
	for _, o := range secrets {
		held = append(held, fmt.Sprintf("Secret %s/%s %d", o.Namespace, o.Name, len(o.Data)))
	}
	maps, _ := a.configMaps.Objects()
	for _, o := range maps {
		held = append(held, fmt.Sprintf("ConfigMap %s/%s %d", o.Namespace, o.Name, len(o.Data)))
	}
	if diff := cmp.Diff([]string{"Secret " + k.Blue + "/named 1", "ConfigMap " + k.Blue + "/named 1"}, held); diff != "" {
		t.Errorf("held (-want +got):\n%s", diff)
	}
	got := reads(ctx, t, a)
	secrets, unknownSecrets := a.secrets.Objects()
	maps, unknownMaps := a.configMaps.Objects()
	if len(got)+len(secrets)+len(unknownSecrets)+len(maps)+len(unknownMaps)+len(a.parsed) != 0 {
		t.Errorf("%v are read, and %v and %v are held, that nothing names any more", got, secrets, maps)
	}
}

func TestAnAuthorityThatMayNotBeReadIsSaid(t *testing.T) {
	t.Parallel()
	k := fixture.New(t, &api)
	a, ctx := watching(k, "nobody")
	name := translate.AuthorityName{ConfigMap: true, NamespacedName: types.NamespacedName{Namespace: k.Blue, Name: "named"}}
	want := []*translate.Authority{{Name: name, Missing: "may not be read by the controller: its role has to let it list and watch them"}}
	fixture.Eventually(t, func() error {
		if diff := cmp.Diff(want, reads(ctx, t, a, name)); diff != "" {
			return fmt.Errorf("(-want +got):\n%s", diff)
		}
		return nil
	})
}

func TestWhatCertificatesOfAuthoritiesAre(t *testing.T) {
	t.Parallel()
	pair, other := fixture.NewKeyPair(t, fixture.Spring, fixture.Summer, "a"), fixture.NewKeyPair(t, fixture.Spring, fixture.Summer, "b")
	one, two := string(pair.Chain), string(other.Chain)
	block := func(kind string, content []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}))
	}
	broken, sequence := block("CERTIFICATE", []byte("no")), block("CERTIFICATE", []byte{0x30, 0})
	const advice = ": put the certificates of the authorities there as PEM"
	for name, test := range map[string]struct{ text, certificates, fault, leftOut, spoiled string }{
		"one":                       {text: one, certificates: one},
		"two":                       {text: one + two, certificates: one + two},
		"with words between":        {text: "# the first\n" + one + "\n# the second\n" + two, certificates: one + two},
		"behind a byte order mark":  {text: "\ufeff" + one, certificates: one},
		"with lines as Windows has": {text: strings.ReplaceAll(one+two, "\n", "\r\n"), certificates: one + two},
		"two without a line break":  {text: strings.TrimSpace(one) + two, certificates: one + two},
		"none":                      {text: "", fault: "ca.crt is empty" + advice},
		"no PEM":                    {text: "certificate", fault: "ca.crt holds no certificate" + advice},
		"only what is none":         {text: broken, fault: "block 1 of ca.crt cannot be read (x509: malformed certificate)" + advice},
		"a key beside it": {text: one + string(pair.Key), certificates: one,
			leftOut: `block 2 of ca.crt is of type "PRIVATE KEY"`},
		"a list of what is revoked": {text: block("X509 CRL", []byte{0x30, 0}) + one, certificates: one,
			leftOut: `block 1 of ca.crt is of type "X509 CRL"`},
		"one that Go does not take": {text: sequence + one, certificates: one,
			leftOut: "block 1 of ca.crt cannot be read (x509: malformed tbs certificate)"},
		"one that is none": {text: one + broken + two, certificates: one + two,
			leftOut: "block 2 of ca.crt cannot be read (x509: malformed certificate)",
			spoiled: "block 2 of ca.crt cannot be read (x509: malformed certificate)"},
		"one that was cut": {text: one + two[:len(two)/2], certificates: one,
			leftOut: "block 2 of ca.crt is damaged or cut short", spoiled: "block 2 of ca.crt is damaged or cut short"},
		"one that was cut, and one": {text: two[:len(two)/2] + "\n" + one, certificates: one,
			leftOut: "block 1 of ca.crt is damaged or cut short", spoiled: "block 1 of ca.crt is damaged or cut short"},
	} {
		t.Run(name, func(t *testing.T) {
			got, spoiled := parseAuthority(translate.AuthorityName{}, []byte(test.text))
			want := &translate.Authority{Certificates: test.certificates, Fault: test.fault, LeftOut: test.leftOut}
			if diff := cmp.Diff(want, got); diff != "" || spoiled != test.spoiled {
				t.Errorf("spoiled %q, want %q; (-want +got):\n%s", spoiled, test.spoiled, diff)
			}
		})
	}
}
