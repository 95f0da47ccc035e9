// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"strings"
	"testing"

	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// A signature may cover the path. Whoever gets it in another spelling finds the signature wrong.
func TestPathGoesOnAsItWasSent(t *testing.T) {
	t.Parallel()
	strict := prefix("/strict", "strict")
	strict.Canonical = true
	stripped := prefix("/stripped", "stripped")
	rewriteOf(&stripped).StripPrefix = "/stripped"
	p := serve(t, h2c)
	p.apply(snapshotOf([]snapshot.Host{
		hostOf("alone", prefix("/", "alone")),
		hostOf("several", prefix("/", "root"), prefix("/img", "img"), exact("/one", "one"), strict, stripped),
	}, echoes(t, "alone", "root", "img", "one", "strict", "stripped")...))
	for _, test := range []struct{ name, host, target, want string }{
		{"imgproxy", "alone", "/insecure/rs:fit:300/plain/http://example.com/a.jpg", "alone /insecure/rs:fit:300/plain/http://example.com/a.jpg"},
		{"a key of S3 with an empty segment", "alone", "/bucket//key", "alone /bucket//key"},
		{"a key of S3 that begins with a slash", "alone", "//key", "alone //key"},
		{"many slashes at the end", "alone", "/a///", "alone /a///"},
		{"a needless escape", "alone", "/%7Euser/%41?%41", "alone /%7Euser/%41?%41"},
		{"hexadecimal digits in lower case", "alone", "/a%2fb%c3%a9", "alone /a%2fb%c3%a9"},
		{"a dot segment", "alone", "/a//b/../%41", "alone /a/A"},
		{"an encoded dot segment", "alone", "/a//b/%2e%2e/%41", "alone /a/A"},
		{"below another rule's path", "several", "/img//%41", "img /img//%41"},
		{"a rule's path in another spelling", "several", "/%69mg//%41", "img /img/A"},
		{"a rule's path with two slashes", "several", "//img/a", "img /img/a"},
		{"an exact path with two slashes", "several", "//one", "one /one"},
		{"a rule that wants it canonical", "several", "/strict//%41", "strict /strict/A"},
		{"a rule with a rewrite", "several", "/stripped//%41", "stripped /A"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := p.get(test.host, test.target).outcome(t); got != test.want {
				t.Errorf("over HTTP/1.1: got %q, want %q", got, test.want)
			}
			_, path, _ := strings.Cut(test.want, " ")
			e := p.explain(explain.Question{URL: "http://" + test.host + test.target})
			if got := e.Upstream.Target; got != path {
				t.Errorf("explain says %q, want %q", got, path)
			}
		})
	}
}

// A challenge's token stands in no log and no span, however its path is spelled.
func TestTokenInAnotherSpellingIsRecordedNowhere(t *testing.T) {
	t.Parallel()
	recorded := make(spans, 8)
	p := serve(t, tracing(recorded, 1))
	p.apply(snapshotOf([]snapshot.Host{hostOf("", prefix("/", "b"))}, poolOf("b", startEcho(t, "b"))))
	p.get("a", "/.well-known//acme-challenge/secret")
	got := receive(t, "the recording of the span", recorded)
	for _, path := range [...]string{got.Path, got.Forwarded} {
		if path != "/.well-known/acme-challenge/" {
			t.Errorf("the span has %s", path)
		}
	}
}
