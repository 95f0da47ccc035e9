// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"math/rand/v2"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/routing"
	"github.com/warren-dev/ingress/proxy/session"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// chooseBackend chooses one of the route's backends, if there are several, by their weights. What the Hash policy keeps
// together goes to one of them, and a session stays with its own. Then it asks the policies of that backend.
func (d *Decision) chooseBackend() reason.Reason {
	if d.Route.Sessions != nil {
		d.findSession()
	}
	split := d.Route.Split
	if split == nil {
		return reason.None
	}
	var chosen *routing.Backend
	switch {
	case d.Session.State == session.Stays:
		chosen = d.Backend
	case d.Route.Balancing.Policy == snapshot.Hash:
		d.FindAffinity()
		chosen = split.Choose(d.Hash)
	case d.View.Notes != nil:
		chosen = split.Heaviest()
	default:
		chosen = split.Choose(rand.Uint64())
	}
	switch {
	case chosen == nil:
		d.Reply.Detail = "every backend of the rule has the weight 0"
		return reason.NoHealthyTask
	case chosen.Pool == nil:
		return reason.InvalidBackend
	}
	d.Backend = chosen
	if d.Route.Mirrors != nil && len(chosen.Policies.Request) > 0 {
		d.CopyForMirrors() // before these change it
	}
	why, _ := d.ask(chosen.Policies.Request)
	return why
}

// FindAffinity finds out what the Hash policy chooses by, and makes the cookie that the client lacks for that.
func (d *Decision) FindAffinity() {
	from := balance.Client{Address: d.Client, Secure: d.Secure}
	if d.Hash, d.Cookie = balance.Affinity(&d.Route.Balancing, from, d.Head.Fields, d.cookieBuf); d.Cookie != nil {
		d.cookieBuf = d.Cookie
	}
}

// DropForeignUpgrade drops the client's wish to change to HTTP or TLS again: the proxy would no longer see what is on
// the connection. If such a protocol is among several, it drops all of them. HTTP/2 has no upgrades (RFC 9113, section
// 8.6).
func (d *Decision) DropForeignUpgrade() {
	if d.Backend.Pool.H2C || message.NamesHTTPOrTLS(d.Head.Upgrade) {
		d.Head.Upgrade = nil
	}
}
