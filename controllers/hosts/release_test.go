// SPDX-License-Identifier: Apache-2.0

package hosts

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/test/fixture"
)

// askedStore answers as an API server does that knows more than the caches.
type askedStore struct {
	*modelWorld
	current map[string]*string
}

func (s *askedStore) allowed(_ context.Context, _ string, in translate.Input) (translate.Input, error) {
	in.AllowedHosts = s.current
	return in, nil
}

func (s *askedStore) named(_ context.Context, namespace string, in translate.Input) (map[string]bool, bool, error) {
	in.Objects = append(in.Objects, kinds.ReadWarren(fixture.Ingress(namespace, "shop", "shop.io", "shop")))
	hosts := map[string]bool{}
	translate.EachHost(&in, func(host string, _ *rules.Object, _ bool) { hosts[host] = true })
	s.absent[[2]string{namespace, "shop.io"}] = !hosts["shop.io"]
	s.lapsed["shop.io"] = s.modelWorld.now
	return hosts, true, nil
}

// The annotation in a cache may be old. When a host is to be given up, what the API server says counts.
func TestAHostIsForbiddenByWhatTheAPIServerSaysNow(t *testing.T) {
	t.Parallel()
	only := func(hosts string) map[string]*string { return map[string]*string{"a": &hosts, "b": nil} }
	for name, c := range map[string]struct {
		cached, current map[string]*string
		grace           time.Duration
		owner           string
	}{
		"it was forbidden once":                 {cached: only("x.io"), current: only("shop.io"), owner: "a"},
		"it was forbidden once, with a grace":   {cached: only("x.io"), current: only("shop.io"), grace: time.Hour, owner: "a"},
		"it is forbidden":                       {cached: only("x.io"), current: only("x.io"), owner: "b"},
		"it is forbidden, and there is a grace": {cached: only("x.io"), current: only("x.io"), grace: time.Hour, owner: "b"},
		"its Namespace is not there yet":        {cached: only("x.io"), current: map[string]*string{"b": nil}, owner: "a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newModelWorld(t, 1)
			w.grace = 0
			store := &askedStore{w, c.current}
			hosts := New()
			now := func() time.Time { return w.now }
			keeper := &Keeper{hosts: hosts, store: store, scope: "warren", now: now, again: func() {},
				watched: func(string) bool { return true }, released: newClaimReleaser(hosts, store, "warren", c.grace, now, func() {})}
			settle := func(allowed map[string]*string) map[string]string {
				in := translate.Input{AllowedHosts: allowed, Options: translate.Options{IngressClass: "warren"}}
				younger, older := fixture.Ingress("b", "old", "shop.io", "old"), fixture.Ingress("a", "shop", "shop.io", "shop")
				older.CreationTimestamp.Time = younger.CreationTimestamp.Add(-time.Hour)
				in.Objects = append(in.Objects, kinds.ReadWarren(younger), kinds.ReadWarren(older))
				keeper.Settle(t.Context(), &in)
				return in.Owners
			}
			settle(only("shop.io"))
			settle(c.cached)
			keeper.released.pass(t.Context(), <-keeper.released.offered)
			if diff := cmp.Diff(map[string]string{"shop.io": c.owner}, settle(c.current)); diff != "" {
				t.Error("the owners are not these (-want +got):\n" + diff)
			}
		})
	}
}
