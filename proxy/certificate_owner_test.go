// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"crypto/tls"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// ownedBy gives certificates an owner.
func ownedBy(owner string, c snapshot.Certificate) snapshot.Certificate {
	c.Owner = owner
	return c
}

func TestCertificateOfAWildcardIsNotServedForAnotherOwnersHost(t *testing.T) {
	t.Parallel()
	key := ecdsaKey(t)
	wild := ownedBy("b", issue(t, "1-wild-of-b", key, "*.example.com"))
	fallback := ownedBy("ops", issue(t, "9-default", key, "default.example.org"))
	fallback.Default = true
	wildByDefault := wild
	wildByDefault.Default = true
	hosts := []snapshot.Host{
		owned("a", "app.example.com"), owned("a", "own.example.com"), owned("b", "*.example.com"),
		owned("b", "mine.example.com"), owned("a", "x.y.example.com"),
	}
	own := ownedBy("a", issue(t, "2-of-a", key, "own.example.com"))
	const unknown = "remote error: tls: unrecognized name"
	for _, test := range []struct {
		name         string
		certificates []snapshot.Certificate
		want         map[string]string
	}{
		{"without a default", []snapshot.Certificate{wild, own}, map[string]string{
			"app.example.com": unknown, "APP.Example.com": unknown, "own.example.com": "2-of-a",
			"mine.example.com":  "1-wild-of-b",
			"other.example.com": "1-wild-of-b", "x.y.example.com": unknown, "": unknown,
		}},
		{"with a default", []snapshot.Certificate{wild, own, fallback}, map[string]string{
			"app.example.com": "9-default", "own.example.com": "2-of-a",
			"mine.example.com": "1-wild-of-b", "other.example.com": "1-wild-of-b",
		}},
		{"with the wildcard's as the default", []snapshot.Certificate{wildByDefault, own}, map[string]string{
			"app.example.com": "1-wild-of-b", "own.example.com": "2-of-a", "other.example.com": "1-wild-of-b", "": "1-wild-of-b",
		}},
		{"with a wildcard of the host's owner too", []snapshot.Certificate{wild, ownedBy("a", issue(t, "3-wild-of-a", key, "*.example.com"))}, map[string]string{
			"app.example.com": "3-wild-of-a", "mine.example.com": "1-wild-of-b",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := serve(t)
			p.apply(with(snapshotOf(hosts), test.certificates...))
			address := p.listen("127.0.0.1:0", p.ServeTLS)
			for name, want := range test.want {
				for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
					got := ""
					c, err := dialTLS(t, address, &tls.Config{ServerName: name, MinVersion: version, MaxVersion: version})
					if err != nil {
						got = err.Error()
					} else {
						got = c.served()
						_ = c.stream.Close()
					}
					if got != want {
						t.Errorf("%q by %s: got %q, want %q", name, tls.VersionName(version), got, want)
					}
				}
				if name == "" { // no URL has that
					continue
				}
				explained := p.explain(explain.Question{URL: "https://" + name + "/", AnyCertificate: true}).Certificate
				switch {
				case explained == nil && want == unknown:
				case explained == nil || explained.ID != want:
					t.Errorf("%q is explained as %+v, want %q", name, explained, want)
				case explained.Default != (want == "9-default" || want == "1-wild-of-b" && name == "app.example.com"):
					t.Errorf("%q is explained with %s as the default: %t", name, want, explained.Default)
				}
			}
		})
	}
}

// keptSession always offers one session, whatever it was made for.
type keptSession struct{ session *tls.ClientSessionState }

func (k *keptSession) Get(string) (*tls.ClientSessionState, bool) { return k.session, k.session != nil }
func (k *keptSession) Put(_ string, s *tls.ClientSessionState)    { k.session = s }

func TestSessionIsResumedForItsOwnNameAlone(t *testing.T) {
	t.Parallel()
	key := ecdsaKey(t)
	wild := ownedBy("b", issue(t, "1-wild-of-b", key, "*.example.com"))
	own := ownedBy("a", issue(t, "2-of-a", key, "app.example.com"))
	hosts := []snapshot.Host{owned("a", "app.example.com"), owned("b", "*.example.com")}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, test := range []struct {
			name         string
			before, then []snapshot.Certificate
			first, next  string
			want         string
		}{
			{"the same name", []snapshot.Certificate{wild}, []snapshot.Certificate{wild}, "other.example.com", "other.example.com", "resumed"},
			{"the same name in capitals", []snapshot.Certificate{wild}, []snapshot.Certificate{wild}, "other.example.com", "OTHER.example.com", "resumed"},
			{"another name of the same certificate", []snapshot.Certificate{wild}, []snapshot.Certificate{wild}, "other.example.com", "next.example.com", "anew"},
			{"another owner's name", []snapshot.Certificate{wild, own}, []snapshot.Certificate{wild, own}, "other.example.com", "app.example.com", "anew"},
			{"another owner's name without a certificate", []snapshot.Certificate{wild}, []snapshot.Certificate{wild}, "other.example.com", "app.example.com", "unrecognized name"},
			{"the same name, whose certificate is gone", []snapshot.Certificate{own}, []snapshot.Certificate{wild}, "app.example.com", "app.example.com", "unrecognized name"},
		} {
			t.Run(test.name+" over "+tls.VersionName(version), func(t *testing.T) {
				t.Parallel()
				p := serve(t)
				p.apply(with(snapshotOf(hosts), test.before...))
				address := p.listen("127.0.0.1:0", p.ServeTLS)
				config := &tls.Config{ServerName: test.first, MaxVersion: version, ClientSessionCache: &keptSession{}}
				c, err := dialTLS(t, address, config)
				if err != nil {
					t.Fatal(err)
				}
				c.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n") // tickets of TLS 1.3 come with the response at the latest
				_ = c.stream.Close()
				p.apply(with(snapshotOf(hosts), test.then...))
				config.ServerName = test.next
				got := "anew"
				c, err = dialTLS(t, address, config)
				switch {
				case err != nil:
					got = err.Error()
				case c.stream.ConnectionState().DidResume:
					got = "resumed"
				}
				if !strings.Contains(got, test.want) {
					t.Errorf("got %q, want %q", got, test.want)
				}
				if err == nil {
					_ = c.stream.Close()
				}
			})
		}
	}
}
