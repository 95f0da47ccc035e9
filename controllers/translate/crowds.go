// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"strconv"

	"github.com/warren-dev/ingress/controllers/rules"
)

// crowd is everything of one kind that a namespace may have only so much of, the oldest objects first. As long as there
// is room, it makes no difference to an object what others have of it.
type crowd struct {
	of        limited
	namespace string
}

// limited is what crowds are of.
type limited uint8

const (
	ofCredentials limited = iota
	ofKeySets
	ofAuthorities
	ofExpressions
	// ofCanaries has no room: as soon as there is a canary it may take shares of everything that was written for
	// ingress-nginx.
	ofCanaries
)

// room is how much of a kind a namespace may have.
var room = [...]int{
	ofCredentials: CredentialsPerNamespace, ofKeySets: KeySetsPerNamespace, ofAuthorities: AuthoritiesPerNamespace,
	ofExpressions: rules.MaxNamespaceExpressions, ofCanaries: 0,
}

// crowded is one thing in a crowd, which counts once however many have it.
type crowded struct {
	crowd
	name string
	form int
}

// crowds count what there is room for.
type crowds struct {
	things map[crowded]*thing
	taken  map[crowd]int
	// full are those for which there is no room. touched are those that may have changed.
	full, touched map[crowd]bool
}

// thing is how many have something, and how much of the room that takes.
type thing struct{ have, takes int }

func newCrowds() crowds {
	return crowds{things: make(map[crowded]*thing), taken: make(map[crowd]int), full: make(map[crowd]bool), touched: make(map[crowd]bool)}
}

func (c *crowds) add(of crowded, takes int) {
	t := c.things[of]
	if t == nil {
		t = &thing{takes: takes}
		c.things[of] = t
		c.taken[of.crowd] += takes
		c.touched[of.crowd] = true
	}
	t.have++
}

func (c *crowds) remove(of crowded, _ int) {
	t := c.things[of]
	if t.have--; t.have > 0 {
		return
	}
	delete(c.things, of)
	c.touched[of.crowd] = true
	if c.taken[of.crowd] -= t.takes; c.taken[of.crowd] == 0 {
		delete(c.taken, of.crowd)
	}
}

// touches returns whether there may be another crowd of a kind than when turn was called last.
func (c *crowds) touches(of limited) bool {
	for touched := range c.touched {
		if touched.of == of {
			return true
		}
	}
	return false
}

// turn returns the crowds that have become full since it was called last, or have room again.
func (c *crowds) turn() (turned map[crowd]bool) {
	for of := range c.touched {
		full := c.taken[of] > room[of.of]
		if full == c.full[of] {
			continue
		}
		if turned == nil {
			turned = make(map[crowd]bool)
		}
		turned[of] = true
		if full {
			c.full[of] = true
		} else {
			delete(c.full, of)
		}
	}
	clear(c.touched)
	return turned
}

// eachCrowded calls f with everything that an object has of which there may be too much, and with how much room it
// takes.
func eachCrowded(o *rules.Object, f func(of crowded, takes int)) {
	o.EachCredential(func(name rules.CredentialName) {
		f(crowded{crowd{ofCredentials, name.Namespace}, name.Name, int(name.Form)}, 1)
	})
	o.EachKeysURL(func(url string) { f(crowded{crowd{ofKeySets, o.Namespace}, url, 0}, 1) })
	eachAuthority(o, func(name AuthorityName) { f(crowdedAuthority(name), 1) })
	if o.Canary != nil {
		f(crowded{crowd{ofCanaries, o.Namespace}, o.ID, 0}, 1)
	}
	opened := o.Canary != nil
	for h := range o.Hosts {
		for r := range o.Hosts[h].Rules {
			rule := &o.Hosts[h].Rules[r]
			opened = opened || rule.Expression != nil
			for n, e := range rule.Expressions {
				// A rule that has an expression several times takes the room several times.
				form := 2 * n
				if e.Part {
					form++
				}
				f(crowded{crowd{ofExpressions, o.Namespace}, strconv.Itoa(e.Size) + " " + e.Text, form}, e.Size)
			}
		}
	}
	if opened {
		f(crowded{crowd{ofCanaries, o.Namespace}, "", 0}, 0)
	}
}

func crowdedAuthority(name AuthorityName) crowded {
	form := 0
	if name.ConfigMap {
		form = 1
	}
	return crowded{crowd{ofAuthorities, name.Namespace}, name.Name, form}
}

// eachListenersCrowded is eachCrowded for a listener.
func eachListenersCrowded(l *rules.Listener, f func(of crowded, takes int)) {
	if l.Clients != nil {
		for _, name := range l.Clients.Authorities {
			f(crowdedAuthority(name), 1)
		}
	}
}
