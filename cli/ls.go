// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/explanation"
)

// entry is one thing of a list.
type entry struct {
	// value is what it is for programs, and name its name there.
	value any
	name  string
	// thing tells it from all others of its list, in whatever state it is.
	thing string
	// cells are its row for people, of which those beyond the list's heading are shown only with -o wide.
	cells []cell
	// These are what it is chosen by.
	namespace, state string
	hosts            []string
	// deep is set if a wildcard of hosts stands for one or more labels, and not for exactly one.
	deep bool
}

// listing is a list of what a replica serves.
type listing struct {
	// heading and wide are the columns, and those that come behind them with -o wide.
	heading, wide []string
	// states are those that its entries may have.
	states []string
	// hasHosts is set if its entries are for hosts.
	hasHosts bool
	read     func(ctx context.Context, from replica, wide bool) ([]entry, error)
}

// The states of what is listed.
const (
	stateServing = "serving"
	stateDown    = "down"
	stateClosed  = "closed"
	stateRefused = "refused"
	stateValid   = "valid"
	stateExpired = "expired"
	stateUp      = "up"
	stateOut     = "out"
)

// listings are the lists by their names.
func listings() map[string]*listing {
	return map[string]*listing{
		"routes": {
			heading: []string{"HOST", "PATH", "MATCH", "OBJECT", "POOL", "ENDPOINTS", "STATE", "WHY"}, wide: []string{"RULE", "LISTENER", "ADDRESSES"},
			states: []string{stateServing, stateDown, stateClosed}, hasHosts: true, read: readRoutes,
		},
		"certs": {
			heading: []string{"CERTIFICATE", "EXPIRES", "DAYS", "STATE", "HOSTS"},
			states:  []string{stateValid, stateExpired}, hasHosts: true, read: readCertificates,
		},
		"tasks": {
			heading: []string{"POOL", "TASK", "ADDRESS", "HEALTH", "STATE", "WHY"}, wide: []string{"WEIGHT", "ACTIVE"},
			states: []string{stateUp, stateOut}, read: readTasks,
		},
		"refused": {
			heading: []string{"HOST", "PATH", "MATCH", "OBJECT", "RULE", "REASON", "WHY"},
			states:  []string{stateRefused}, hasHosts: true, read: readRefused,
		},
	}
}

// listOrder is the order in which the lists are told of.
func listOrder() []string { return []string{"routes", "certs", "tasks", "refused"} }

// listFlags say which entries are listed, and how.
type listFlags struct {
	namespace, host, state string
	watch                  bool
	output                 *outputFlag
}

func (p *program) list() *cobra.Command {
	var f listFlags
	c := &cobra.Command{
		Use: "ls [routes|certs|tasks|refused]", Short: "List what a replica serves",
		Long: `Lists what a replica serves now:

  routes   the hosts and paths, which is the list without a name: what serves each, and why one is closed or has no endpoint
  certs    the certificates with their expiry
  tasks    the Tasks and endpoints with their health, and why one takes no requests
  refused  the rules that are written and are not served`,
		Example: `  warren-ingress ls --in shop --state closed
  warren-ingress ls --host shop.example.com -o wide
  warren-ingress ls tasks --state out --watch`,
		ValidArgs: listOrder(),
		Args:      arity(0, 1, "one of routes, certs, tasks and refused"),
	}
	flags := c.Flags()
	flags.StringVar(&f.namespace, "in", "", "list only what is in a `namespace`")
	flags.StringVar(&f.host, "host", "", "list only what requests for a `host` may meet; *.example.com is that wildcard itself")
	flags.StringVar(&f.state, "state", "", "list only what is in a `state`: serving, down or closed routes, valid or expired certs, tasks that are up or out")
	flags.BoolVarP(&f.watch, "watch", "w", false, "go on, and list what changes")
	p.colour.bind(c)
	f.output = newOutput(c, formatText, formatWide, formatJSON, formatYAML, formatName)
	c.RunE = func(c *cobra.Command, args []string) error {
		what := "routes"
		if len(args) > 0 {
			what = args[0]
		}
		l := listings()[what]
		if l == nil {
			return misuse{fmt.Errorf("there is no list of %q: write routes, certs, tasks or refused", what)}
		}
		if err := f.fit(what, l); err != nil {
			return err
		}
		from, err := p.find(c.Context())
		if err != nil {
			return err
		}
		if f.watch {
			return p.watchList(c.Context(), from, l, &f, time.NewTicker(watchInterval).C)
		}
		entries, err := l.entries(c.Context(), from, &f)
		if err != nil {
			return err
		}
		return p.write(entries, l, &f)
	}
	return c
}

// fit returns what is wrong with the flags for a list.
func (f *listFlags) fit(what string, l *listing) error {
	switch {
	case f.state != "" && !slices.Contains(l.states, f.state):
		return misuse{fmt.Errorf("no entry of %s has the state %q: write %s", what, f.state, oneOf(l.states))}
	case f.host != "" && !l.hasHosts:
		return misuse{errors.New("tasks are for no host: leave --host out, or list routes, certs or refused")}
	}
	return nil
}

// entries returns the entries that the flags ask for.
func (l *listing) entries(ctx context.Context, from replica, f *listFlags) ([]entry, error) {
	all, err := l.read(ctx, from, f.output.format == formatWide)
	return slices.DeleteFunc(all, func(e entry) bool {
		return f.namespace != "" && e.namespace != f.namespace || f.state != "" && e.state != f.state ||
			f.host != "" && !slices.ContainsFunc(e.hosts, func(name string) bool { return isFor(name, f.host, e.deep) })
	}), err
}

// isFor returns whether a name, which may be a wildcard or empty for every host, is a host or stands for it. deep is
// set if a wildcard stands for one or more labels.
func isFor(name, host string, deep bool) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if name == "" || name == host {
		return true
	}
	_, domain, _ := strings.Cut(host, ".")
	if suffix, wildcard := strings.CutPrefix(name, "*"); wildcard && deep {
		return strings.HasSuffix(host, suffix) && len(host) > len(suffix)
	}
	return domain != "" && name == "*."+domain
}

// write writes entries in the format that is asked for.
func (p *program) write(entries []entry, l *listing, f *listFlags) error {
	switch {
	case f.output.isData():
		return f.output.write(p.streams.Out, valuesOf(entries))
	case f.output.format == formatName:
		return writeNames(p.streams.Out, entries)
	}
	var t table
	return p.writeTable(&t, entries, l, f)
}

func valuesOf(entries []entry) []any {
	values := make([]any, len(entries))
	for i := range entries {
		values[i] = entries[i].value
	}
	return values
}

// writeNames writes each name once.
func writeNames(w io.Writer, entries []entry) error {
	seen := make(map[string]bool, len(entries))
	for i := range entries {
		if name := entries[i].name; !seen[name] {
			seen[name] = true
			if _, err := fmt.Fprintln(w, name); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *program) writeTable(t *table, entries []entry, l *listing, f *listFlags) error {
	heading := l.heading
	if f.output.format == formatWide {
		heading = slices.Concat(l.heading, l.wide)
	}
	if len(t.widths) == 0 {
		t.add(texts(heading...)...)
	}
	for i := range entries {
		cells := entries[i].cells
		t.add(cells[:min(len(cells), len(heading))]...)
	}
	return t.flush(p.streams.Out, p.colour.on(p.streams.Out))
}

// readRoutes lists routes. The addresses of endpoints are in another list, which is asked for only where they are
// shown.
func readRoutes(ctx context.Context, from replica, wide bool) ([]entry, error) {
	var routes []explain.ServedRoute
	if err := answer(ctx, from, routesPath, nil, &routes); err != nil {
		return nil, err
	}
	addresses := make(map[string][]string)
	if wide {
		var tasks []explain.ServedTask
		if err := answer(ctx, from, tasksPath, nil, &tasks); err != nil {
			return nil, err
		}
		for i := range tasks {
			addresses[tasks[i].Pool] = append(addresses[tasks[i].Pool], tasks[i].Address)
		}
	}
	entries := make([]entry, len(routes))
	for i := range routes {
		r := &routes[i]
		state, shade, why := stateServing, good, ""
		switch {
		case r.Closed != "":
			state, shade, why = stateClosed, bad, r.Closed
			if r.ClosedWhy != "" {
				why += ": " + r.ClosedWhy
			}
		case r.Answers != "":
			why = r.Answers
		case r.Taking == 0:
			state, shade, why = stateDown, bad, cmp.Or(r.Why, "no endpoint takes requests: ls tasks says why")
		case r.Taking < r.Endpoints:
			shade = notice
		}
		var at []string
		for pool := range strings.FieldsSeq(r.Pool) {
			at = append(at, addresses[pool]...)
		}
		entries[i] = entry{
			value: r, name: r.Ingress, thing: key(r.Address, r.Host, r.Path, r.Match, r.Conditions), namespace: namespaceOf(r.Ingress), state: state,
			hosts: []string{r.Host}, deep: r.Address != "",
			cells: append(texts(shownAt(r.Host, r.Address), r.Path, withConditions(r.Match, r.Conditions), r.Ingress, r.Pool,
				fmt.Sprintf("%d/%d", r.Taking, r.Endpoints)), cell{state, shade}, cell{text: why}, cell{text: r.Rule},
				cell{text: cmp.Or(r.Listener, "-")}, cell{text: cmp.Or(strings.Join(at, ","), "-")}),
		}
	}
	return entries, nil
}

func readCertificates(ctx context.Context, from replica, _ bool) ([]entry, error) {
	var certificates []explanation.Certificate
	if err := answer(ctx, from, certificatesPath, nil, &certificates); err != nil {
		return nil, err
	}
	now := time.Now()
	entries := make([]entry, len(certificates))
	for i := range certificates {
		c := &certificates[i]
		state, shade := stateValid, good
		if now.After(c.NotAfter) {
			state, shade = stateExpired, bad
		}
		shown, hosts := c.Hosts, c.Hosts
		if c.Default {
			shown, hosts = append(slices.Clip(shown), "(every other)"), append(slices.Clip(hosts), "")
		}
		entries[i] = entry{
			value: c, name: c.ID, thing: c.ID, namespace: ownerOf(c.ID), state: state, hosts: hosts,
			cells: append(texts(c.ID, c.NotAfter.UTC().Format("2006-01-02 15:04"), fmt.Sprint(int(c.NotAfter.Sub(now).Hours()/24))),
				cell{state, shade}, cell{text: strings.Join(shown, ",")}),
		}
	}
	return entries, nil
}

func readTasks(ctx context.Context, from replica, _ bool) ([]entry, error) {
	var tasks []explain.ServedTask
	if err := answer(ctx, from, tasksPath, nil, &tasks); err != nil {
		return nil, err
	}
	entries := make([]entry, len(tasks))
	for i := range tasks {
		t := &tasks[i]
		state, shade := stateUp, good
		if !t.TakesRequests {
			state, shade = stateOut, bad
		}
		entries[i] = entry{
			value: t, name: t.ID, thing: key(t.Pool, t.ID), namespace: ownerOf(t.Pool), state: state,
			cells: append(texts(t.Pool, t.ID, t.Address, t.Health), cell{state, shade}, cell{text: t.Why},
				cell{text: fmt.Sprint(t.Weight)}, cell{text: fmt.Sprint(t.Active)}),
		}
	}
	return entries, nil
}

func readRefused(ctx context.Context, from replica, _ bool) ([]entry, error) {
	var rules []explain.RefusedRule
	if err := answer(ctx, from, refusedPath, nil, &rules); err != nil {
		return nil, err
	}
	entries := make([]entry, len(rules))
	for i := range rules {
		r := &rules[i]
		entries[i] = entry{
			value: r, name: r.Ingress, thing: key(r.Ingress, r.Rule, r.Address, r.Host), namespace: namespaceOf(r.Ingress), state: stateRefused,
			hosts: []string{r.Host}, deep: r.Address != "",
			cells: append(texts(shownAt(r.Host, r.Address), r.Path, withConditions(r.Match, r.Conditions), r.Ingress, r.Rule),
				cell{r.Reason, bad}, cell{text: r.Why}),
		}
	}
	return entries, nil
}

// namespaceOf returns the namespace of an object's id: "namespace/name", which may have a kind or the group of an API
// before it.
func namespaceOf(id string) string {
	parts := strings.Split(id, "/")
	if len(parts) > 2 {
		return parts[1]
	}
	return parts[0]
}

// ownerOf returns the namespace of the id of a pool or certificate, which begins with it.
func ownerOf(id string) string {
	namespace, _, _ := strings.Cut(id, "/")
	return namespace
}

// key returns a text that no other parts have.
func key(parts ...string) string { return strings.Join(parts, "\x00") }

func shownHost(name string) string { return cmp.Or(name, "(every host)") }

// shownAt returns a host for people, with the port of its listener's address. That is empty for none.
func shownAt(name, address string) string {
	if at, err := netip.ParseAddrPort(address); err == nil {
		return fmt.Sprintf("%s:%d", shownHost(name), at.Port())
	}
	return shownHost(name)
}

func withConditions(match, conditions string) string {
	if conditions == "" {
		return match
	}
	return match + " if " + conditions
}
