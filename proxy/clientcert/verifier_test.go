// SPDX-License-Identifier: Apache-2.0

package clientcert

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"net"
	"net/url"
	"slices"
	"testing"
	"time"
)

func TestWhichCertificatesPass(t *testing.T) {
	var none *issuing
	root, sibling := none.issue(t, "root", authority), none.issue(t, "root", authority)
	middle := root.issue(t, "middle", authority)
	deep := middle.issue(t, "deep", authority)
	narrow := root.issue(t, "narrow", authority, func(c *x509.Certificate) {
		c.PermittedDNSDomainsCritical, c.PermittedDNSDomains = true, []string{"clients.example.com"}
	})
	good := root.issue(t, "good", func(c *x509.Certificate) {
		c.Subject = pkix.Name{CommonName: "good", Organization: []string{"Übung, Ltd."}}
		c.DNSNames, c.EmailAddresses, c.IPAddresses = []string{"a.clients.example.com"}, []string{"a@example.com"}, []net.IP{net.IPv4(192, 0, 2, 1)}
		c.URIs = []*url.URL{{Scheme: "spiffe", Host: "example.com", Path: "/a"}}
	})
	usage := func(u ...x509.ExtKeyUsage) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.ExtKeyUsage = u }
	}
	named := func(name string) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.DNSNames = []string{name} }
	}
	expired := root.issue(t, "expired", func(c *x509.Certificate) { c.NotAfter = start.Add(-time.Second) })
	early := root.issue(t, "early", func(c *x509.Certificate) { c.NotBefore = start.Add(time.Second) })
	revoked := root.issue(t, "revoked")
	list := root.revoke(t, []*issuing{revoked})
	wild := root.issue(t, "wild", named("*.clients.example.com"))
	of := func(change func(*Terms)) *Terms {
		terms := &Terms{Authorities: root.pem(), Depth: 1}
		change(terms)
		return terms
	}
	usual := of(func(*Terms) {})
	for _, test := range []struct {
		name  string
		terms *Terms
		shown []*x509.Certificate
		want  Fault
		text  string
	}{
		{"a sound one", usual, chain(good), Sound, ""},
		{"without extended key usage", usual, chain(root.issue(t, "any", usage())), Sound, ""},
		{"none", usual, nil, Missing, "the client showed no certificate"},
		{"of a sibling with the same name", usual, chain(sibling.issue(t, "x")), Unknown, "the certificate is of no authority that is known here"},
		{"with the sibling beside it", usual, chain(sibling.issue(t, "x"), sibling), Unknown, "the certificate is of no authority that is known here"},
		{"its own authority", usual, chain(none.issue(t, "self")), Unknown, "the certificate is its own authority, which is not known here"},
		{"expired", usual, chain(expired), Refused, "the certificate has expired"},
		{"not valid yet", usual, chain(early), Refused, "the certificate is not valid yet"},
		{"for servers", usual, chain(root.issue(t, "server", usage(x509.ExtKeyUsageServerAuth))), Refused,
			"the certificate is not for clients: its extended key usage lacks clientAuth"},
		{"one between", usual, chain(middle.issue(t, "x"), middle), Sound, ""},
		{"one between that is not shown", usual, chain(middle.issue(t, "x")), Unknown, "the certificate is of no authority that is known here"},
		{"two between", usual, chain(deep.issue(t, "x"), deep, middle), Refused, "too many certificates stand between the client's and its authority's"},
		{"two between where two may", of(func(t *Terms) { t.Depth = 2 }), chain(deep.issue(t, "x"), deep, middle), Sound, ""},
		{"one between where none may", of(func(t *Terms) { t.Depth = 0 }), chain(middle.issue(t, "x"), middle), Refused,
			"too many certificates stand between the client's and its authority's"},
		{"more than are looked at", of(func(t *Terms) { t.Depth = 0 }), chain(middle.issue(t, "x"), good, good, middle), Unknown,
			"the certificate is of no authority that is known here"},
		{"issued by no authority", usual, chain(good.issue(t, "x"), good), Unknown, "the certificate is of no authority that is known here"},
		{"within its authority's names", usual, chain(narrow.issue(t, "x", named("a.clients.example.com")), narrow), Sound, ""},
		{"beyond its authority's names", usual, chain(narrow.issue(t, "x", named("a.example.com")), narrow), Refused,
			"the certificate's authority may not issue it for its names"},

		{"not revoked", of(func(t *Terms) { t.Revocations = list }), chain(good), Sound, ""},
		{"revoked", of(func(t *Terms) { t.Revocations = list }), chain(revoked), Refused, "the certificate is revoked"},
		{"its issuer has no list", of(func(t *Terms) { t.Revocations = list }), chain(middle.issue(t, "x"), middle), Unjudged,
			"there is no list of revocations of the certificate's issuer"},
		{"the one between is revoked", of(func(c *Terms) {
			c.Authorities += middle.pem()
			c.Revocations = root.revoke(t, []*issuing{deep}) + middle.revoke(t, []*issuing{deep})
			c.Depth = 2
		}), chain(deep.issue(t, "x"), deep), Unjudged, "there is no list of revocations of the certificate's issuer"},
		{"the list has expired", of(func(c *Terms) {
			c.Revocations = root.revoke(t, nil, func(l *x509.RevocationList) { l.NextUpdate = start })
		}), chain(good), Unjudged, "the list of revocations has expired"},
		{"the list is of tomorrow", of(func(c *Terms) {
			c.Revocations = root.revoke(t, nil, func(l *x509.RevocationList) { l.ThisUpdate = start.Add(time.Minute) })
		}), chain(good), Unjudged, "the list of revocations is not valid yet"},
		{"the list is a sibling's", of(func(c *Terms) { c.Revocations = sibling.revoke(t, nil) }), chain(good), Unjudged, "the list of revocations is of no use"},
		{"the list is none", of(func(c *Terms) { c.Revocations = "x" }), chain(good), Unjudged, "the list of revocations is of no use"},

		{"the subject", of(func(t *Terms) { t.Subjects = []string{"CN=x", `CN=good,O=Übung\, Ltd.`} }), chain(good), Sound, ""},
		{"another subject", of(func(t *Terms) { t.Subjects = []string{"CN=good"} }), chain(good), Stranger, "the certificate is for a subject that may not come"},
		{"a pattern", of(func(t *Terms) { t.SubjectPattern = "CN=go+d" }), chain(good), Sound, ""},
		{"another pattern", of(func(t *Terms) { t.SubjectPattern = "CN=bad" }), chain(good), Stranger, "the certificate is for a subject that may not come"},
		{"a DNS name", of(func(t *Terms) { t.AltNames = []string{"b", "A.clients.example.com"} }), chain(good), Sound, ""},
		{"below a wildcard", of(func(t *Terms) { t.AltNames = []string{"*.clients.example.com"} }), chain(good), Sound, ""},
		{"two labels below a wildcard", of(func(t *Terms) { t.AltNames = []string{"*.example.com"} }), chain(good), Stranger, "the certificate has no name that may come"},
		{"a certificate's wildcard is no name", of(func(t *Terms) { t.AltNames = []string{"a.clients.example.com"} }), chain(wild), Stranger,
			"the certificate has no name that may come"},
		{"a URI", of(func(t *Terms) { t.AltNames = []string{"spiffe://example.com/a"} }), chain(good), Sound, ""},
		{"a mail address", of(func(t *Terms) { t.AltNames = []string{"a@example.com"} }), chain(good), Sound, ""},
		{"an IP address", of(func(t *Terms) { t.AltNames = []string{"192.0.2.1"} }), chain(good), Sound, ""},
		{"other names", of(func(t *Terms) { t.AltNames = []string{"192.0.2.2", "spiffe://example.com/", "example.com"} }), chain(good), Stranger,
			"the certificate has no name that may come"},
		{"the subject without the name", of(func(t *Terms) {
			t.Subjects, t.AltNames = []string{`CN=good,O=\C3\9Cbung\, Ltd.`}, []string{"b"}
		}), chain(good), Stranger, "the certificate has no name that may come"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := verifier(t, test.terms).judge(test.shown, start)
			if got.Fault != test.want || got.Text != test.text {
				t.Errorf("got %d, %q, want %d, %q", got.Fault, got.Text, test.want, test.text)
			}
		})
	}
}

func TestVerdictsHoldAsLongAsWhatTheyAreMadeOf(t *testing.T) {
	var none *issuing
	root := none.issue(t, "root", authority)
	good := root.issue(t, "good")
	early := root.issue(t, "early", func(c *x509.Certificate) { c.NotBefore = start.Add(time.Minute) })
	plain := verifier(t, &Terms{Authorities: root.pem()})
	listed := verifier(t, &Terms{Authorities: root.pem(), Revocations: root.revoke(t, nil)})
	for _, test := range []struct {
		name  string
		by    *Verifier
		shown *issuing
		after time.Duration
		want  Fault
	}{
		{"until it expires", plain, good, time.Hour - time.Second, Sound},
		{"until the list expires", listed, good, time.Hour/2 - time.Second, Sound},
		{"after that", listed, good, time.Hour / 2, Unjudged},
		{"after it has expired", plain, good, time.Hour + time.Nanosecond, Refused},
		{"before it is valid", plain, early, 0, Refused},
		{"once it is valid", plain, early, time.Minute, Sound},
	} {
		shown := NewShown(chain(test.shown))
		shown.Judge(test.by, start)
		if got := shown.Judge(test.by, start.Add(test.after)); got.Fault != test.want {
			t.Errorf("%s: got %d, %q, want %d", test.name, got.Fault, got.Text, test.want)
		}
	}
}

func TestAVerdictIsMadeOnceForEachOfTheTerms(t *testing.T) {
	var none *issuing
	root, other := none.issue(t, "root", authority), none.issue(t, "other", authority)
	shown := NewShown(chain(root.issue(t, "good")))
	of := []*Verifier{verifier(t, &Terms{Authorities: root.pem()}), verifier(t, &Terms{Authorities: other.pem()}), verifier(t, &Terms{Authorities: root.pem(), Depth: 1})}
	first := make([]*Verdict, len(of))
	for i, by := range of {
		first[i] = shown.Judge(by, start)
	}
	if first[0].Fault != Sound || first[1].Fault != Unknown {
		t.Fatalf("the verdicts are %d and %d", first[0].Fault, first[1].Fault)
	}
	n := testing.AllocsPerRun(100, func() {
		for i, by := range of {
			if shown.Judge(by, start) != first[i] {
				t.Errorf("the verdict of terms %d is another one", i)
			}
		}
	})
	if n != 0 {
		t.Errorf("a verdict that is known costs %v allocations", n)
	}
	if got := (*Shown)(nil).Judge(of[0], start); got.Fault != Missing {
		t.Errorf("a client that was not asked: got %d", got.Fault)
	}
}

func TestWhatListsOfRevocationsAreToldOf(t *testing.T) {
	var none *issuing
	root, other := none.issue(t, "root", authority), none.issue(t, "other", authority)
	for _, test := range []struct {
		name, lists string
		fault       string
		without     int
		expires     time.Time
	}{
		{"of both", root.revoke(t, nil) + other.revoke(t, nil), "", 0, start.Add(time.Hour / 2)},
		{"of one", root.revoke(t, nil), "", 1, start.Add(time.Hour / 2)},
		{"the latest counts", root.revoke(t, nil) + root.revoke(t, nil, func(l *x509.RevocationList) {
			l.ThisUpdate, l.NextUpdate = start, start.Add(time.Hour)
		}) + other.revoke(t, nil, func(l *x509.RevocationList) { l.NextUpdate = start.Add(2 * time.Hour) }), "", 0, start.Add(time.Hour)},
		{"of somebody else", none.issue(t, "strange", authority).revoke(t, nil),
			"a list of revocations, of CN=strange, is signed by none of the authorities: put the issuer's certificate among them", 0, time.Time{}},
		{"a delta list", root.revoke(t, nil, func(l *x509.RevocationList) {
			l.ExtraExtensions = []pkix.Extension{{Id: deltaIndicator, Critical: true, Value: []byte{2, 1, 1}}}
		}), "a list of revocations, of CN=root, says that it is a part of one: put the full list there", 0, time.Time{}},
		{"no list", root.pem(), "there is no list of revocations: put one there as PEM, which begins with BEGIN X509 CRL", 0, time.Time{}},
		{"too many", root.revoke(t, slices.Repeat([]*issuing{root}, MaxRevocations+1)), "the lists of revocations have more than 16384 entries: take out the certificates that have expired", 0, time.Time{}},
	} {
		fault, without, expires := InspectRevocations(test.lists, root.pem()+other.pem())
		if fault != test.fault || len(without) != test.without || !expires.Equal(test.expires) {
			t.Errorf("%s: got %q, without %v, expires %v, want %q, %d, %v", test.name, fault, without, expires, test.fault, test.without, test.expires)
		}
	}
}
