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
	// claimShards is how many ConfigMaps the claims of a class are spread over, each made when it is needed. Every write
	// is of a whole one: with 100,000 hosts, of some 90 KB.
	claimShards = 128

	// claimShare is how many bytes of one ConfigMap a namespace may fill with its claims; the API server takes 1 MiB of
	// all. It is room for 2,000 hosts in one of them, and so for about 250,000 in all.
	claimShare = 224 << 10
	// claimRoom bounds what all namespaces have in one ConfigMap.
	claimRoom = 960 << 10
)

// hostClaim says which namespace a host belongs to.
type hostClaim struct {
	Namespace string    `json:"namespace"`
	Since     time.Time `json:"since"`
	// Released is when it was seen that no rule of the namespace names the host any more, zero while one does.
	Released time.Time `json:"released,omitzero"`
}

// String is the claim as a ConfigMap has it.
func (c hostClaim) String() string {
	c.Since, c.Released = c.Since.UTC().Truncate(time.Second), c.Released.UTC().Truncate(time.Second)
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // years beyond 9999, which no clock has
	}
	return string(text)
}

// readClaim reads what a ConfigMap has.
func readClaim(text string) (c hostClaim, err error) {
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return hostClaim{}, err
	}
	if len(validation.IsDNS1123Label(c.Namespace)) > 0 {
		return hostClaim{}, fmt.Errorf("namespace is %q, which is none", c.Namespace)
	}
	return c, nil
}

// claimKey is the key of a host's claim: a ConfigMap's may hold no asterisk, and none is empty.
func claimKey(host string) string {
	if host == "" {
		return "_"
	}
	if below, ok := strings.CutPrefix(host, "*"); ok {
		return "_" + below
	}
	return host
}

// claimedHost is the host of a key. No host has an underscore.
func claimedHost(key string) string {
	if key == "_" {
		return ""
	}
	if below, ok := strings.CutPrefix(key, "_"); ok {
		return "*" + below
	}
	return key
}

// claimShardName is the name of the ConfigMap that has the claim of a host.
func claimShardName(class, host string) string {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(host))
	return fmt.Sprintf("warren-ingress-hosts-%s-%02x", class, hash.Sum32()%claimShards)
}

// ClaimAt returns the ConfigMap and the key of it that say which namespace a host belongs to, for controllers of a
// class. It is false for what is no host.
func ClaimAt(class, host string) (configMap, key string, ok bool) {
	return claimShardName(class, host), claimKey(host), rules.ValidHost(host)
}

// Claim is what is there for a host that belongs to a namespace from now on.
func Claim(namespace string, now time.Time) string {
	return hostClaim{Namespace: namespace, Since: now}.String()
}

// claimShard is one version of a ConfigMap that has claims. It is immutable.
type claimShard struct {
	name string
	// resourceVersion is empty where there is no such ConfigMap, or no more.
	resourceVersion string
	// data are the claims by their keys. Entries that cannot be read are among them, and stay.
	data map[string]string
}

// newer says whether a version of a shard is a later one than another.
func (s *claimShard) newer(than *claimShard) bool {
	if than == nil || than.resourceVersion == "" {
		return true
	}
	order, err := resourceversion.CompareResourceVersion(s.resourceVersion, than.resourceVersion)
	return err != nil && s.resourceVersion != than.resourceVersion || order > 0
}

// wantedClaim is a claim that is to be recorded: a new one, or one that its namespace had released and has a rule for
// again.
type wantedClaim struct {
	host string
	hostClaim
}

// errClaimsFull is why claims are not recorded where a namespace has more than its share of a ConfigMap.
var errClaimsFull = errors.New("a namespace has more hosts than there is room for")

// with returns the shard with claims that are wanted, and whether that makes a difference. A claim that is on record
// stays: who comes second reads who was first. Full is how many there is no room for.
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

// shares returns how many bytes each namespace's claims take, and how many all of them.
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

// without returns the shard without claims of namespaces that have no rule for the host any more, and whether that
// makes a difference. Each is marked for as long as grace lasts, unless it is forbidden, and goes to its heir then, or
// is deleted without one.
func (s *claimShard) without(orphans []orphan, grace time.Duration, now time.Time) (next *claimShard, changed bool) {
	next = &claimShard{name: s.name, resourceVersion: s.resourceVersion, data: maps.Clone(s.data)}
	for _, o := range orphans {
		key := claimKey(o.host)
		recorded, err := readClaim(s.data[key])
		if err != nil || recorded.Namespace != o.namespace {
			continue // somebody was faster
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

// orphan is a claim of a namespace of which no rule names the host, as far as this replica knows.
type orphan struct {
	host, namespace string
	released        time.Time
	// forbidden is set where the namespace may not have the host, whatever its rules name.
	forbidden bool
	// heir is the namespace of the oldest Ingress that names the host, empty if there is none.
	heir string
}
