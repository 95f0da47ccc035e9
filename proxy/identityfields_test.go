// SPDX-License-Identifier: Apache-2.0

package proxy

import "testing"

// A claim that the endpoint is told cannot be taken out by a client that calls it a matter of its connection, and none
// that the client says comes through by that.
func TestATokensClaimsAreOfNoConnection(t *testing.T) {
	t.Parallel()
	issuer := newTokens(t, "k")
	p := serve(t)
	p.apply(guardedBy(startEcho(t, "b"), issuer.takes("")))
	c := prover{p, false}
	c.ask("GET", "/", "Connection: X-User, X-Groups", brings(issuer.token(nil))).
		expectPassed(t, "named in Connection", []string{"X-User: alice", "X-Groups: buyers"})
	c.ask("GET", "/", "Connection: X-User, Remote-User", brings(issuer.token(nil)), "X-User: forged", "Remote-User: forged").
		expectPassed(t, "forged and named in Connection", []string{"X-User: alice"}, "forged")
}
