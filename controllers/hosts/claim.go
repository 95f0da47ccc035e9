// SPDX-License-Identifier: Apache-2.0

package hosts

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/warren-dev/ingress/controllers/rules"
)

const (
	// claimShards is over how many ConfigMaps the claims of a class are spread. Each is made when it is needed. Every
	// write writes a whole one: with 100,000 hosts, some 90 KB.
	claimShards = 128

	// claimShare is how many bytes of one ConfigMap a namespace may fill with its claims. The API server takes 1 MiB in
	// all. The share has room for 2,000 hosts in one ConfigMap, and so for about 250,000 in all.
	claimShare = 224 << 10
	// claimRoom is how many bytes of one ConfigMap the claims of all namespaces together may fill.
	claimRoom = 960 << 10
)

// hostClaim says which namespace a host belongs to.
type hostClaim struct {
	Namespace string    `json:"namespace"`
	Since     time.Time `json:"since"`
	// Released is when it was noticed that no rule of the namespace names the host any more. It is zero while one does.
	Released time.Time `json:"released,omitzero"`
}

// String returns the claim as it is written into a ConfigMap.
func (c hostClaim) String() string {
	c.Since, c.Released = c.Since.UTC().Truncate(time.Second), c.Released.UTC().Truncate(time.Second)
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // years beyond 9999, which no clock has
	}
	return string(text)
}

// readClaim parses a claim as it is written in a ConfigMap.
func readClaim(text string) (c hostClaim, err error) {
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return hostClaim{}, err
	}
	if len(validation.IsDNS1123Label(c.Namespace)) > 0 {
		return hostClaim{}, fmt.Errorf("namespace is %q, which is none", c.Namespace)
	}
	return c, nil
}

// claimKey returns the key of a host's claim in its ConfigMap. A key may neither hold an asterisk nor be empty.
func claimKey(host string) string {
	if host == "" {
		return "_"
	}
	if below, ok := strings.CutPrefix(host, "*"); ok {
		return "_" + below
	}
	return host
}

// claimedHost returns the host of a key. No host has an underscore, so the underscore cannot be the host's own.
func claimedHost(key string) string {
	if key == "_" {
		return ""
	}
	if below, ok := strings.CutPrefix(key, "_"); ok {
		return "*" + below
	}
	return key
}

// claimShardName returns the name of the ConfigMap that has a host's claim.
func claimShardName(class, host string) string {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(host))
	return fmt.Sprintf("warren-ingress-hosts-%s-%02x", class, hash.Sum32()%claimShards)
}

// ClaimAt returns the ConfigMap, and its key, in which controllers of a class record whose the host is. It returns
// false if host is no valid host.
func ClaimAt(class, host string) (configMap, key string, ok bool) {
	return claimShardName(class, host), claimKey(host), rules.ValidHost(host)
}

// Claim returns the entry of a host that belongs to a namespace from now on.
func Claim(namespace string, now time.Time) string {
	return hostClaim{Namespace: namespace, Since: now}.String()
}

// claimShard is one version of a ConfigMap that has claims. It is immutable.
type claimShard struct {
	name string
	// resourceVersion is empty if the ConfigMap does not exist, or does not exist any more.
	resourceVersion string
	// data are the claims by their keys. It includes entries that cannot be read, so that a write keeps them.
	data map[string]string
}

// newer returns whether this version of a shard is later than another.
func (s *claimShard) newer(than *claimShard) bool {
	if than == nil || than.resourceVersion == "" {
		return true
	}
	order, err := resourceversion.CompareResourceVersion(s.resourceVersion, than.resourceVersion)
	return err != nil && s.resourceVersion != than.resourceVersion || order > 0
}

// wantedClaim is a claim that is to be recorded. It is new, or an earlier attempt to record it failed, or it was
// released and its namespace has a rule for the host again.
type wantedClaim struct {
	host string
	hostClaim
}

// errClaimsFull is why claims are not recorded if their namespace has used up its share of a ConfigMap, or if all
// namespaces together have filled it.
var errClaimsFull = errors.New("there are more hosts than there is room for")

// with returns the shard with the wanted claims added, and whether that changes it. It never replaces a recorded claim:
// whoever comes second finds the first one's. full is how many claims there is no room for.
func (s *claimShard) with(wanted []wantedClaim) (next *claimShard, changed bool, full int) {
	next = &claimShard{name: s.name, resourceVersion: s.resourceVersion, data: maps.Clone(s.data)}
	if next.data == nil {
		next.data = make(map[string]string, len(wanted))
	}
	changed = s.resourceVersion == "" && len(s.data) > 0
	var shares map[string]int
	all := 0
	for _, w := range wanted {
		key := claimKey(w.host)
		if text, ok := next.data[key]; ok {
			if recorded, err := readClaim(text); err == nil && recorded.Namespace == w.Namespace && !recorded.Released.IsZero() {
				recorded.Released = time.Time{}
				next.data[key], changed = recorded.String(), true
			}
			continue
		}
		if shares == nil {
			shares, all = next.shares()
		}
		text := w.String()
		size := len(key) + len(text)
		if shares[w.Namespace]+size > claimShare || all+size > claimRoom {
			full++
			continue
		}
		shares[w.Namespace] += size
		all += size
		next.data[key], changed = text, true
	}
	return next, changed, full
}

// shares returns how many bytes the claims of each namespace take, and how many all claims take.
func (s *claimShard) shares() (shares map[string]int, all int) {
	shares = make(map[string]int)
	for key, text := range s.data {
		size := len(key) + len(text)
		all += size
		if c, err := readClaim(text); err == nil {
			shares[c.Namespace] += size
		}
	}
	return shares, all
}

// without returns the shard after the claims of namespaces that have no rule for the host any more were given up, and
// whether that changes it. A claim is first marked as released, and is given up when grace has passed. A forbidden one
// is given up at once. The claim then goes to its heir, or is deleted if it has none.
func (s *claimShard) without(orphans []orphan, grace time.Duration, now time.Time) (next *claimShard, changed bool) {
	next = &claimShard{name: s.name, resourceVersion: s.resourceVersion, data: maps.Clone(s.data)}
	for _, o := range orphans {
		key := claimKey(o.host)
		recorded, err := readClaim(s.data[key])
		if err != nil || recorded.Namespace != o.namespace {
			continue // Somebody else was faster.
		}
		grace := grace
		if o.forbidden {
			grace = 0
		}
		switch {
		case grace > 0 && recorded.Released.IsZero():
			recorded.Released = now
			next.data[key] = recorded.String()
		case grace > 0 && now.Before(recorded.Released.Add(grace)):
			continue
		case o.heir != "":
			next.data[key] = hostClaim{Namespace: o.heir, Since: now}.String()
		default:
			delete(next.data, key)
		}
		changed = true
	}
	return next, changed
}

// orphan is a claim whose namespace has no rule for the host, as far as this replica knows.
type orphan struct {
	host, namespace string
	released        time.Time
	// forbidden is set if the namespace may not have the host, whatever its rules name.
	forbidden bool
	// heir is the namespace of the oldest Ingress that names the host, empty if there is none.
	heir string
}
