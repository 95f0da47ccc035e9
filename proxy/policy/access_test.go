// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/step"
)

func TestAddressesAreAdmittedByBothLists(t *testing.T) {
	t.Parallel()
	example := Access{Allowed: prefixes("10.0.0.0/8", "203.0.113.0/24"), Denied: prefixes("10.0.50.0/24")}
	for _, test := range []struct {
		name   string
		access Access
		want   map[string]bool
	}{
		{"no lists", Access{}, map[string]bool{"192.0.2.1": true, "2001:db8::1": true}},
		{"both lists", example, map[string]bool{
			"10.0.1.100": true, "10.0.50.10": false, "1.2.3.4": false, "203.0.113.255": true, "203.0.114.0": false,
			"10.0.49.255": true, "10.0.50.0": false, "10.0.50.255": false, "10.0.51.0": true, "9.255.255.255": false, "11.0.0.0": false,
		}},
		{"denied alone", Access{Denied: prefixes("192.0.2.0/24", "2001:db8::/32")}, map[string]bool{
			"192.0.2.1": false, "192.0.3.1": true, "2001:db8:ffff::1": false, "2001:db9::1": true,
		}},
		{"denied within allowed within denied", Access{Allowed: prefixes("10.1.0.0/16"), Denied: prefixes("10.0.0.0/8")}, map[string]bool{
			"10.1.0.1": false, "10.2.0.1": false, "192.0.2.1": false,
		}},
		{"the same in both", Access{Allowed: prefixes("192.0.2.1/32"), Denied: prefixes("192.0.2.1/32")}, map[string]bool{
			"192.0.2.1": false, "192.0.2.2": false,
		}},
		{"one address", Access{Allowed: prefixes("192.0.2.1/32", "2001:db8::1/128")}, map[string]bool{
			"192.0.2.1": true, "192.0.2.0": false, "192.0.2.2": false, "2001:db8::1": true, "2001:db8::": false, "2001:db8::2": false,
		}},
		{"all of IPv4", Access{Allowed: prefixes("0.0.0.0/0")}, map[string]bool{
			"0.0.0.0": true, "255.255.255.255": true, "::": false, "::1": false, "2001:db8::1": false, "ffff::": false,
		}},
		{"all of IPv6", Access{Allowed: prefixes("::/0")}, map[string]bool{
			"::": true, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff": true, "192.0.2.1": false, "0.0.0.0": false,
		}},
		{"all of IPv4 denied", Access{Denied: prefixes("0.0.0.0/0")}, map[string]bool{"192.0.2.1": false, "2001:db8::1": true}},
		{"the ends of both families", Access{Allowed: prefixes("0.0.0.0/32", "255.255.255.255/32", "::/128", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128")}, map[string]bool{
			"0.0.0.0": true, "255.255.255.255": true, "::": true, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff": true,
			"0.0.0.1": false, "255.255.255.254": false, "::1": false, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe": false,
		}},
		{"prefixes that overlap", Access{Allowed: prefixes("10.0.0.0/8", "10.0.0.0/16", "10.0.128.0/17", "10.200.0.0/16")}, map[string]bool{
			"10.0.0.1": true, "10.0.200.1": true, "10.100.0.1": true, "10.255.255.255": true, "11.0.0.0": false,
		}},
		{"prefixes that touch", Access{Allowed: prefixes("192.0.2.0/25", "192.0.2.128/25")}, map[string]bool{
			"192.0.1.255": false, "192.0.2.0": true, "192.0.2.127": true, "192.0.2.128": true, "192.0.2.255": true, "192.0.3.0": false,
		}},
		{"odd lengths", Access{Allowed: prefixes("192.0.2.8/29", "2001:db8::/45")}, map[string]bool{
			"192.0.2.7": false, "192.0.2.8": true, "192.0.2.15": true, "192.0.2.16": false,
			"2001:db8:7:ffff::": true, "2001:db8:8::": false,
		}},
		// Only the bits are the same.
		{"an IPv4 prefix and an IPv6 address", Access{Allowed: prefixes("32.1.13.184/32")}, map[string]bool{"32.1.13.184": true, "2001:db8::": false}},
	} {
		t.Run(test.name, func(t *testing.T) {
			compiled := compileAccess(&test.access)
			for address, want := range test.want {
				if got := compiled.admits(netip.MustParseAddr(address)); got != want {
					t.Errorf("%s: admitted %v, want %v", address, got, want)
				}
			}
		})
	}
}

// Whatever the lists are, the compiled ones give the same result as a search through the lists.
func TestCompiledAccessSaysWhatTheListsSay(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	address := func() netip.Addr { // few enough bits differ for addresses and prefixes to meet
		if random.IntN(2) == 0 {
			return netip.AddrFrom4([4]byte{10, byte(random.IntN(3)), byte(random.IntN(256)), byte(random.IntN(256))})
		}
		return netip.AddrFrom16([16]byte{0x20, 0x01, 2: byte(random.IntN(3)), 15: byte(random.IntN(256))})
	}
	list := func() (l []netip.Prefix) {
		for range random.IntN(12) {
			a := address()
			l = append(l, netip.PrefixFrom(a, random.IntN(a.BitLen()+1)).Masked())
		}
		return l
	}
	contained := func(l []netip.Prefix, a netip.Addr) bool {
		for _, p := range l {
			if p.Contains(a) {
				return true
			}
		}
		return false
	}
	admitted := 0
	const rounds, addresses = 500, 50
	for range rounds {
		access := Access{Allowed: list(), Denied: list()}
		compiled := compileAccess(&access)
		for range addresses {
			a := address()
			want := !contained(access.Denied, a) && (len(access.Allowed) == 0 || contained(access.Allowed, a))
			if got := compiled.admits(a); got != want {
				t.Fatalf("%v of %v: admitted %v, want %v", a, access, got, want)
			}
			if want {
				admitted++
			}
		}
	}
	if admitted == 0 || admitted == rounds*addresses {
		t.Errorf("%d of %d addresses were admitted: nothing was compared", admitted, rounds*addresses)
	}
}

func prefixes(texts ...string) []netip.Prefix {
	var parsed []netip.Prefix
	for _, text := range texts {
		parsed = append(parsed, netip.MustParsePrefix(text))
	}
	return parsed
}

func TestAddressesSufficeOnlyWhereOthersAreAsked(t *testing.T) {
	t.Parallel()
	access := &Access{Allowed: prefixes("192.0.2.0/24"), Denied: prefixes("192.0.2.66/32"), Any: true}
	asks := &auth.Basic{Missing: "there is no Secret"}
	shows := &auth.ClientCertificate{Missing: "it is read later", Optional: true}
	for name, test := range map[string]struct {
		policies []Policy
		client   string
		want     reason.Reason
	}{
		"allowed":                           {[]Policy{access, asks}, "192.0.2.1", reason.None},
		"denied":                            {[]Policy{access, asks}, "192.0.2.66", reason.AuthUnavailable},
		"neither":                           {[]Policy{access, asks}, "198.51.100.1", reason.AuthUnavailable},
		"nobody is allowed":                 {[]Policy{&Access{Denied: access.Denied, Any: true}, asks}, "198.51.100.1", reason.AuthUnavailable},
		"no lists":                          {[]Policy{&Access{Any: true}, asks}, "198.51.100.1", reason.AuthUnavailable},
		"allowed, nobody is asked":          {[]Policy{access}, "192.0.2.1", reason.None},
		"allowed, with a certificate alone": {[]Policy{access, shows}, "192.0.2.1", reason.AuthUnavailable},
		"neither, with a certificate alone": {[]Policy{access, shows}, "198.51.100.1", reason.AccessDenied},
		"denied, with a certificate alone":  {[]Policy{access, shows}, "192.0.2.66", reason.AccessDenied},
		"neither, with a certificate and a password": {[]Policy{access, shows, asks}, "198.51.100.1", reason.AuthUnavailable},
		"neither, nobody is asked":                   {[]Policy{access}, "198.51.100.1", reason.AccessDenied},
	} {
		c, err := Compile(test.policies, nil)
		if err != nil {
			t.Fatal(err)
		}
		v := &step.View{Request: new(message.Request), Client: netip.MustParseAddr(test.client)}
		got := reason.None
		for _, request := range c.Request {
			if got = request(v).Reason; got != reason.None {
				break
			}
		}
		if got != test.want {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}

func TestExplainingSaysWhoHasToProveWhoItIs(t *testing.T) {
	t.Parallel()
	access := &Access{Allowed: prefixes("192.0.2.0/24"), Denied: prefixes("192.0.2.66/32"), Any: true}
	for client, want := range map[string]string{
		"192.0.2.1":    "192.0.2.0/24 is allowed, and nothing else is asked for",
		"192.0.2.66":   "192.0.2.66/32 is denied, so the client has to prove who it is",
		"198.51.100.1": "no allowed prefix holds the address, so the client has to prove who it is",
	} {
		if admitted, _, why := access.Explain(netip.MustParseAddr(client)); !admitted || why != want {
			t.Errorf("%s: %t, %q, want %q", client, admitted, why, want)
		}
	}
	nobody := &Access{Denied: access.Denied, Any: true}
	const want = "no denied prefix holds the address, and there are no allowed ones, so the client has to prove who it is"
	if admitted, _, why := nobody.Explain(netip.MustParseAddr("192.0.2.1")); !admitted || why != want {
		t.Errorf("without allowed ones: %t, %q", admitted, why)
	}
}
