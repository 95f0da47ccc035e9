// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"testing"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

func TestLookingForAChallengeAllocatesNothing(t *testing.T) {
	c, err := NewStore().CompileAnew(&snapshot.Snapshot{Challenges: []snapshot.Challenge{{
		Host: "shop.example.com", Type: snapshot.ChallengeHTTP01, Token: "token", KeyAuthorization: "token.thumbprint",
	}}})
	if err != nil {
		t.Fatal(err)
	}
	method, host := []byte("GET"), []byte("shop.example.com")
	for path, want := range map[string]string{"/": "", ChallengePath: "", ChallengePath + "other": "", ChallengePath + "token": "token.thumbprint"} {
		path := []byte(path)
		got := ""
		if n := testing.AllocsPerRun(100, func() { got = c.Proof(method, host, path) }); n != 0 || got != want {
			t.Errorf("finding %q allocates %v times and finds %q, want none and %q", path, n, got, want)
		}
	}
}

func TestTokensAreNotWrittenDown(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"": "", "/": "/", "/a" + ChallengePath + "token": "/a" + ChallengePath + "token",
		ChallengePath: ChallengePath, ChallengePath + "token": ChallengePath, ChallengePath + "a/b": ChallengePath,
	} {
		if got := string(WithoutToken([]byte(path))); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}
