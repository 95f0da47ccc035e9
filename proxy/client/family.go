// SPDX-License-Identifier: Apache-2.0

package client

// family are the fields by which proxies tell servers what they know of a request: the client's address, the scheme
// and the host that it used, and the path before a rewrite. Servers believe them. So only a trusted proxy may send
// them. The ones that we write ourselves have a kind of their own, and are here for their imitations. [familyPrefixes]
// has the rest. In lower case.
var family = [...]string{
	// Those that have a kind.
	"x-real-ip", "x-request-id",
	// The client's address, by the names that proxies, content delivery networks and clouds gave it.
	"ali-cdn-real-ip", "cdn-src-ip", "cf-connecting-ip", "cf-connecting-ipv6", "cf-pseudo-ipv4", "client-ip",
	"cloudfront-viewer-address", "do-connecting-ip", "fastly-client-ip", "fly-client-ip", "proxy-client-ip",
	"true-client-ip", "wl-proxy-client-ip", "x-appengine-user-ip", "x-azure-clientip", "x-azure-socketip", "x-client-ip",
	"x-cluster-client-ip", "x-envoy-external-address", "x-forwarded", "x-nf-client-connection-ip",
	"x-original-forwarded-for", "x-originating-ip", "x-proxyuser-ip", "x-real-port", "x-remote-addr", "x-remote-ip",
	// The scheme.
	"cloudfront-forwarded-proto", "front-end-https", "x-scheme", "x-url-scheme",
	// The host, the method and the path. Some frameworks route by them, past the rule that the request came by.
	"x-original-host", "x-original-method", "x-original-uri", "x-original-url", "x-rewrite-url",
	// CGI programs take it for the variable HTTP_PROXY, which says by which proxy they connect (CVE-2016-5385).
	proxyField,
}

// familyPrefixes begin the names of further members of the family. What follows does not matter.
var familyPrefixes = [...]string{"x-forwarded-", "forwarded-"}

// proxyField is no field of any standard, so nobody has a reason to send it.
const proxyField = "proxy"

// familyIndex is the family by the length of the names, so that a name is compared with few. letters has a bit for
// each letter that a member of a length begins with: nearly all names are told by theirs
// (BenchmarkRelationsOfABrowsersFields). The last element is for all longer names.
var familyIndex = func() (index [32]struct {
	names   []string
	letters uint32
}) {
	for _, name := range family {
		at := &index[len(name)]
		at.names = append(at.names, name)
		at.letters |= letterBit(name[0])
	}
	for _, prefix := range familyPrefixes {
		for n := len(prefix) + 1; n < len(index); n++ {
			index[n].letters |= letterBit(prefix[0])
		}
	}
	return index
}()

// letterBit returns a bit for a letter in any case. Other signs may have the bit of a letter.
func letterBit(c byte) uint32 { return 1 << (c & 0x1f) }

// relation says how a field's name relates to the family.
type relation uint8

const (
	stranger relation = iota
	member
	// imitation: the name is a member's, but for signs other than the hyphens. Programs that get fields as CGI variables
	// (RFC 3875, section 4.1.18) read any sign as an underscore, and take it for the member.
	imitation
)

// relationOf returns how a name relates to the family.
func relationOf(name []byte) relation {
	if len(name) == 0 || familyIndex[min(len(name), len(familyIndex)-1)].letters&letterBit(name[0]) == 0 {
		return stranger
	}
	return compareWithFamily(name)
}

func compareWithFamily(name []byte) relation {
	for _, prefix := range familyPrefixes {
		if len(name) > len(prefix) && name[0]|0x20 == prefix[0] {
			if r := compare(name[:len(prefix)], prefix); r != stranger {
				return r
			}
		}
	}
	if len(name) >= len(familyIndex) {
		return stranger
	}
	for _, relative := range familyIndex[len(name)].names {
		if name[0]|0x20 == relative[0] {
			if r := compare(name, relative); r != stranger {
				return r
			}
		}
	}
	return stranger
}

// compare compares a name with a member of the same length. It ignores the case of letters.
func compare(name []byte, relative string) relation {
	r := member
	for i, c := range name {
		switch want := relative[i]; {
		case want != '-':
			if c|0x20 != want {
				return stranger
			}
		case isLetterOrDigit(c):
			return stranger
		case c != '-':
			r = imitation
		}
	}
	return r
}

func isLetterOrDigit(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9'
}
