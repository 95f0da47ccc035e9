// SPDX-License-Identifier: Apache-2.0

package message

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestKindIsKnownInAnyCaseAndFromNothingElse(t *testing.T) {
	kinds := map[string]Kind{
		"Host": Host, "Connection": Connection, "Content-Length": ContentLength, "Transfer-Encoding": TransferEncoding,
		"Keep-Alive": KeepAlive, "Proxy-Connection": ProxyConnection, "TE": TE, "Upgrade": Upgrade, "Expect": Expect,
		"Trailer": Trailer, "X-Forwarded-For": XForwardedFor, "X-Forwarded-Host": XForwardedHost,
		"X-Forwarded-Port": XForwardedPort, "X-Forwarded-Proto": XForwardedProto, "X-Real-IP": XRealIP, "Forwarded": Forwarded,
		"Authorization": Authorization, "Proxy-Authorization": Authorization, "CDN-Loop": CDNLoop,
		"Traceparent": Traceparent, "Tracestate": Tracestate,
	}
	for name, want := range kinds {
		for _, spelled := range []string{name, strings.ToLower(name), strings.ToUpper(name), alternating(name)} {
			if got := KindOf([]byte(spelled)); got != want {
				t.Errorf("%q: got %d, want %d", spelled, got, want)
			}
		}
		// Every name that differs in one byte, or is longer or shorter by one, is another field.
		others := []string{name + "x", "x" + name, name[1:], name[:len(name)-1], strings.ReplaceAll(name, "-", "_") + " "}
		for i := range len(name) {
			for c := range 256 {
				changed := []byte(name)
				changed[i] = byte(c)
				if !strings.EqualFold(string(changed), name) {
					others = append(others, string(changed))
				}
			}
		}
		for _, other := range others {
			if got := KindOf([]byte(other)); got != Other && kinds[canonical(kinds, other)] != got {
				t.Errorf("%q: got %d, want %d", other, got, Other)
			}
		}
	}
	for _, name := range []string{"", "a", "Cookie", "Content-Type", "X-Forwarded-Fort", "Proxy-Authorizations"} {
		if got := KindOf([]byte(name)); got != Other {
			t.Errorf("%q: got %d, want %d", name, got, Other)
		}
	}
}

// canonical returns the known name that other equals without case, or "".
func canonical(kinds map[string]Kind, other string) string {
	for name := range kinds {
		if strings.EqualFold(name, other) {
			return name
		}
	}
	return ""
}

func alternating(s string) string {
	b := []byte(strings.ToLower(s))
	for i := 0; i < len(b); i += 2 {
		b[i] = strings.ToUpper(string(b[i]))[0]
	}
	return string(b)
}

func TestOnlyFieldsOfTheWholeWayArePassedOn(t *testing.T) {
	passed := map[Kind]bool{
		Other: true, Dropped: false, Host: false, Connection: false, ContentLength: false, TransferEncoding: false,
		KeepAlive: false, ProxyConnection: false, TE: false, Upgrade: false, Expect: false,
		Trailer: true, XForwardedFor: true, XForwardedHost: true, XForwardedPort: true, XForwardedProto: true, XRealIP: true, Forwarded: true, XRequestID: true,
		Traceparent: true, Tracestate: true,
	}
	for kind, want := range passed {
		if got := kind.EndToEnd(); got != want {
			t.Errorf("%d: got %t, want %t", kind, got, want)
		}
	}
}

func TestTrailersThatAreNeededInTheHeadAreDropped(t *testing.T) {
	for name, want := range map[string]bool{
		"Content-Length": true, "Transfer-Encoding": true, "Host": true, "TE": true, "Expect": true, "Connection": true, "Upgrade": true,
		"Authorization": true, "proxy-authorization": true, "Cookie": true, "COOKIE": true, "CDN-Loop": true, "Traceparent": true, "Tracestate": true,
		"X-Forwarded-For": true, "X-Forwarded-Host": true, "X-Forwarded-Port": true, "X-Forwarded-Proto": true, "X-Real-IP": true,
		"Forwarded": true, "X-Request-Id": true,
		"grpc-status": false, "Server-Timing": false, "ETag": false, "Digest": false, "Trailer": false, "Set-Cookie": false, "cookies": false,
	} {
		f := Field{Name: []byte(name), Kind: KindOf([]byte(name))}
		DropFromTrailers(&f)
		if got := !f.Kind.EndToEnd(); got != want {
			t.Errorf("%s: dropped %t, want %t", name, got, want)
		}
	}
}

func TestEqualFoldKnowsLettersOnly(t *testing.T) {
	tests := []struct {
		token, lower string
		want         bool
	}{
		{"", "", true},
		{"close", "close", true},
		{"CLOSE", "close", true},
		{"cLoSe", "close", true},
		{"close", "clos", false},
		{"clos", "close", false},
		{"", "a", false},
		{"keep\x0dalive", "keep-alive", false}, // CR is '-' without its sixth bit
		{"@", "`", false},
		{"[", "{", false},
		{"te", "tf", false},
		{"\u212aeep-alive", "keep-alive", false}, // the Kelvin sign, which Unicode folds to k
		{"clo\u017fe", "close", false},           // the long s
	}
	for _, test := range tests {
		if got := EqualFold([]byte(test.token), test.lower); got != test.want {
			t.Errorf("%q and %q: got %t, want %t", test.token, test.lower, got, test.want)
		}
	}
}

func TestElementsOfAList(t *testing.T) {
	tests := map[string][]string{
		"":                     nil,
		",":                    nil,
		" \t, ,\t":             nil,
		"a":                    {"a"},
		"a,b":                  {"a", "b"},
		" a ,\tb\t, c d ":      {"a", "b", "c d"},
		",a,,b,":               {"a", "b"},
		"close, Upgrade,, x,y": {"close", "Upgrade", "x", "y"},
	}
	for value, want := range tests {
		var got []string
		Elements([]byte(value), func(e []byte) bool {
			got = append(got, string(e))
			return true
		})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", value, diff)
		}
	}
	calls := 0
	Elements([]byte("a,b,c"), func([]byte) bool { calls++; return calls < 2 })
	if calls != 2 {
		t.Errorf("yield was called %d times after it returned false the second time", calls)
	}
}

func TestTrimSpaceCutsSpacesAndTabsAlone(t *testing.T) {
	tests := map[string]string{
		"": "", " ": "", "\t \t": "", "a": "a", " a\t": "a", "\ta b ": "a b", "\va\f": "\va\f", "\u00a0a": "\u00a0a", "\r\n": "\r\n",
	}
	for in, want := range tests {
		if got := string(TrimSpace([]byte(in))); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestEveryKindIsHopByHopOrEndToEnd(t *testing.T) {
	for kind := range kinds {
		if way := traits[kind] & (hopByHop | endToEnd); way != hopByHop && way != endToEnd {
			t.Errorf("kind %d has the traits %b, want one of hopByHop and endToEnd", kind, traits[kind])
		}
	}
	for kind, want := range map[Kind]bool{
		Other: false, Host: false, Authorization: false, CDNLoop: false, Traceparent: false, Tracestate: false,
		XForwardedFor: true, XForwardedHost: true, XForwardedPort: true, XForwardedProto: true, XRealIP: true,
		Forwarded: true, XRequestID: true,
	} {
		if got := kind.Forwarding(); got != want {
			t.Errorf("kind %d: forwarding %t, want %t", kind, got, want)
		}
	}
}
