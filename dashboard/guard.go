// SPDX-License-Identifier: Apache-2.0

package dashboard

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/warren-dev/ingress/dashboard/page"
)

// Guard lets no page of another origin ask anything, and nobody ask for a change. A browser says by Origin and by
// Sec-Fetch-Site which page a request is from. A program says neither. There is no answer that lets another origin read
// (no CORS).
//
// A link from elsewhere may lead to the page itself, and to nothing else: what is behind other paths takes time, or
// asks services.
func Guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			refuse(w, http.StatusMethodNotAllowed, "%s is not for this address: nothing can be changed here, so it takes GET and HEAD alone", r.Method)
		case !isOwnOrigin(r):
			refuse(w, http.StatusForbidden, "a page of %q asks: this address is for its own pages, and for programs", r.Header.Get("Origin"))
		case isForeign(r) && !isLink(r):
			refuse(w, http.StatusForbidden, "a page of another site asks: this address is for its own pages, and for programs. Type the URL to go there")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// isOwnOrigin says whether a request names no origin, or the one that it goes to.
func isOwnOrigin(r *http.Request) bool {
	origins := r.Header.Values("Origin")
	if len(origins) == 0 {
		return true
	}
	origin, err := url.Parse(origins[0])
	return len(origins) == 1 && err == nil && (origin.Scheme == "http" || origin.Scheme == "https") && origin.Host == r.Host
}

// isForeign says whether a browser says that another site's page asks.
func isForeign(r *http.Request) bool {
	for _, site := range r.Header.Values("Sec-Fetch-Site") {
		if site != "same-origin" && site != "none" {
			return true
		}
	}
	return false
}

// isLink says whether somebody follows a link to one of the page's views.
func isLink(r *http.Request) bool {
	return r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document" && page.IsView(r.URL.Path)
}

// policy is what a browser may do with the page: load its own files, and ask its own origin.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'none'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// secured tells browsers what they may do with answers.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// forKnownHosts refuses requests to names that somebody on the Internet may have. Such a name can be made to resolve to
// the replica's address, so that a page of that name reads what it answers (DNS rebinding).
func (d *Dashboard) forKnownHosts(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if host := hostname(r.Host); !isPrivate(host) && host != strings.ToLower(d.Replica) {
			refuse(w, http.StatusForbidden, "this page is not for requests to %q, which may be anybody's name: ask an address, or forward a port by kubectl warren dashboard", r.Host)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// hostname returns a Host without its port, in lower case.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"), "."))
}

// isPrivate says whether a host is an address, or a name that is no public one: a name of one label, or below one of
// those that are kept for such (RFC 6761, RFC 6762, ICANN's internal) or that a cluster has.
func isPrivate(host string) bool {
	if host == "" {
		return false
	}
	if _, err := netip.ParseAddr(host); err == nil || !strings.Contains(host, ".") {
		return true
	}
	for _, domain := range []string{".localhost", ".svc", ".cluster.local", ".local", ".internal", ".test"} {
		if strings.HasSuffix(host, domain) {
			return true
		}
	}
	return false
}

// refuse answers with an error that says what to do.
func refuse(w http.ResponseWriter, status int, format string, args ...any) {
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, fmt.Sprintf(format, args...), status)
}
