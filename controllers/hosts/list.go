// SPDX-License-Identifier: Apache-2.0

package hosts

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
)

// Listing is one host: whose it is, and who else wants it.
type Listing struct {
	Host string `json:"host"`
	// Namespace is the host's, empty if its entry cannot be read.
	Namespace string    `json:"namespace"`
	Since     time.Time `json:"since,omitzero"`
	// Released is when it was noticed that the namespace's last rule for the host is gone.
	Released time.Time `json:"released,omitzero"`
	// Recorded is false for a claim that only this replica remembers.
	Recorded bool `json:"recorded"`
	// ConfigMap and Key are where the claim is recorded.
	ConfigMap string `json:"configMap"`
	Key       string `json:"key"`
	// Waiting are the other namespaces with a rule for the host, oldest Ingress first. Their rules are not served. A
	// namespace that may not have the host is not among them, nor is one of which that is not known. So the first one
	// would get the host next.
	Waiting []Waiting `json:"waiting,omitempty"`
}

// Waiting is a namespace that wants another's host.
type Waiting struct {
	Namespace string `json:"namespace"`
	// Ingress is the namespace's oldest Ingress that names the host, of this API or of networking.k8s.io.
	Ingress string    `json:"ingress"`
	Since   time.Time `json:"since"`
}

// List is all hosts.
type List struct {
	// Shared is set if hosts are nobody's alone.
	Shared bool      `json:"shared"`
	Hosts  []Listing `json:"hosts"`
}

// SharedText says for people that hosts are shared.
const SharedText = "hosts are shared (--allow-shared-hosts): none is any namespace's alone"

// list returns all hosts, sorted. The caller holds building.
func (h *Hosts) list(in *translate.Input, scope string) []Listing {
	oldest := make(map[string]map[string]*rules.Object)
	translate.EachHost(in, func(host string, by *rules.Object, may bool) {
		claim := h.claims[host]
		if !may || claim == nil || claim.Namespace == by.Namespace {
			return
		}
		wanting := oldest[host]
		if wanting == nil {
			wanting = make(map[string]*rules.Object)
			oldest[host] = wanting
		}
		if first := wanting[by.Namespace]; first == nil || rules.Older(by, first) < 0 {
			wanting[by.Namespace] = by
		}
	})
	listed := make([]Listing, 0, len(h.claims))
	for host, claim := range h.claims {
		l := Listing{Host: host, Namespace: claim.Namespace, Since: claim.Since, Released: claim.Released, Recorded: claim.recorded,
			ConfigMap: claimShardName(scope, host), Key: claimKey(host)}
		var wanting []*rules.Object
		for _, by := range oldest[host] {
			wanting = append(wanting, by)
		}
		slices.SortFunc(wanting, rules.Older)
		for _, by := range wanting {
			l.Waiting = append(l.Waiting, Waiting{Namespace: by.Namespace, Ingress: by.Name, Since: by.Created.UTC()})
		}
		listed = append(listed, l)
	}
	slices.SortFunc(listed, func(a, b Listing) int { return cmp.Compare(a.Host, b.Host) })
	return listed
}

// listKnown returns all hosts, from what the running control plane knows. It returns false if none runs.
func (h *Hosts) listKnown(ctx context.Context) (listed []Listing, ok bool, err error) {
	h.building.Lock()
	defer h.building.Unlock()
	if h.source == nil {
		return nil, false, nil
	}
	in, err := h.source(ctx)
	if err != nil {
		return nil, true, err
	}
	return h.list(&in, h.scope), true, nil
}

// ServeHTTP lists the hosts for the admin address.
func (h *Hosts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	listed, ok := []Listing{}, true
	var err error
	shared := h.shared.Load()
	if !shared {
		listed, ok, err = h.listKnown(r.Context())
	}
	switch {
	case !ok:
		http.Error(w, "it is not known yet whose which host is: the Kubernetes API has not been read", http.StatusServiceUnavailable)
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	case r.URL.Query().Get("output") == "json":
		w.Header().Set("Content-Type", "application/json")
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		_ = encoder.Encode(List{shared, listed})
	default:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		if shared {
			_, _ = fmt.Fprintln(w, SharedText)
			return
		}
		table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "HOST\tNAMESPACE\tSINCE\tSTATE\tWAITING")
		for i := range listed {
			_, _ = fmt.Fprintln(table, listed[i].row())
		}
		_ = table.Flush()
	}
}

// row returns a host as a line of the table.
func (l *Listing) row() string {
	host, since := cmp.Or(l.Host, "(every host)"), "-"
	if !l.Since.IsZero() {
		since = l.Since.UTC().Format(time.RFC3339)
	}
	waiting := make([]string, len(l.Waiting))
	for i, w := range l.Waiting {
		waiting[i] = w.Namespace + "/" + w.Ingress
	}
	return strings.Join([]string{host, cmp.Or(l.Namespace, "-"), since, l.State(), cmp.Or(strings.Join(waiting, " "), "-")}, "\t")
}

// Held is the state of a host that is as it should be.
const Held = "held"

// State says for people how a host's claim is.
func (l *Listing) State() string {
	switch {
	case l.Namespace == "":
		return "unreadable: mend or delete " + l.Key + " of ConfigMap " + l.ConfigMap
	case !l.Recorded:
		return "not recorded"
	case !l.Released.IsZero():
		return "released " + l.Released.UTC().Format(time.RFC3339)
	}
	return Held
}
