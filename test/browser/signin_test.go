//go:build browser

// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/test/issuer"
)

// TestOAuth2ProxySignsAUserIn has oauth2-proxy behind the controller sign a person in, by both forms of the recipe.
// The browser says it is somebody else with every request.
func TestOAuth2ProxySignsAUserIn(t *testing.T) {
	for name, apiVersion := range map[string]string{
		"auth of an Ingress of ours":            "ingress.warren.dev/v1alpha1",
		"annotations written for ingress-nginx": "networking.k8s.io/v1",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serveSigning(t, apiVersion)
			s.tab.forge(map[string]string{
				"X-Auth-Request-User": forged, "x_auth_request_email": forged, "X-Auth-Request-Email": forged, "X-Auth-Request-Groups": "admins", "Remote-User": forged,
			})
			const wanted = "/pages/a%20b?q=1&q=2&next=%2Fx%3Fy"
			s.tab.visit("https://" + wikiHost + wanted)
			s.signsIn("Sign in", "wrong")
			s.tab.shows(issuer.WrongPassword)
			if told := s.told(); len(told) > 0 {
				t.Fatalf("before anybody signed in, the wiki was told %v", told)
			}
			s.signsIn(issuer.WrongPassword, password)
			s.shows(wanted)

			s.tab.click("#next")
			s.shows("/next")

			// What the page comes back to has to be asked for anew.
			before := len(s.told())
			s.tab.click("#out")
			s.tab.shows("Sign in")
			s.tab.visit("https://" + wikiHost + "/next")
			s.tab.shows("Sign in")
			if now := s.told(); len(now) != before {
				t.Errorf("after signing out, the wiki was told %v", now[before:])
			}
			s.signsIn("Sign in", password)
			s.shows("/next")

			want := map[string][]string{"X-Auth-Request-User": {"id-of-" + user}, "X-Auth-Request-Email": {user}}
			for i, told := range s.told() {
				if diff := cmp.Diff(want, told); diff != "" {
					t.Errorf("who request %d of the wiki is from (-want +got):\n%s", i, diff)
				}
			}
		})
	}
}

// signsIn fills in the form of the page with a title.
func (s *signing) signsIn(title, password string) {
	s.t.Helper()
	if seen := s.tab.shows(title); !strings.HasPrefix(seen.URL, "https://"+issuerHost+"/") {
		s.t.Fatalf("the page to sign in is %s", seen.URL)
	}
	s.tab.fill("[name=email]", user)
	s.tab.fill("[name=password]", password)
	s.tab.click("button")
}

// shows waits for a page of the wiki, which has come over HTTP/2 and says who is there.
func (s *signing) shows(path string) {
	s.t.Helper()
	seen := s.tab.shows("Wiki " + path)
	want := page{URL: "https://" + wikiHost + path, Title: "Wiki " + path, Text: seen.Text, Protocol: "h2"}
	if diff := cmp.Diff(want, seen); diff != "" || !strings.Contains(seen.Text, "You are "+user+".") {
		s.t.Errorf("the page says %q (-want +got):\n%s", seen.Text, diff)
	}
}
