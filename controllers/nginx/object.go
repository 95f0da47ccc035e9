// SPDX-License-Identifier: Apache-2.0

package nginx

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/nginx/snippet"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
)

// reading is the reading of one Ingress.
type reading struct {
	*Settings
	object *networkingv1.Ingress
	shared Shared
	own    *kinds.Annotated
	terms  Terms
	// closing says why all paths are closed, and told what else there is to tell the author.
	closing, told []string
	// idle and invented are the annotations that mean nothing here, and those that never did anything.
	idle, invented []string
	closesHosts    bool
	// locating is what the snippets of the Ingress are compiled to for any path. Nil if they have no locations.
	locating *snippet.Result
	// sound is a script with locations that was compiled without a fault, and without a path of its own.
	sound *policy.Script
	// admissions are whom lists of snippets admit, each list once.
	admissions []admission
	// blocking has what rules with a policy become that refuse whom the ConfigMap blocks, and by nil those without one.
	blocking map[*policy.Access]*policy.Access
	// refusing refuses values of fields that the ConfigMap blocks, in rules without another script.
	refusing *policy.Script
	// asking has who gets in besides addresses, by host. hiding has what headers become that take passwords off.
	asking map[string]*rules.Auth
	sharedTerms
}

// Read reads an Ingress that was written for ingress-nginx. shared is what it has in common with others.
func Read(object *networkingv1.Ingress, s *Settings, shared Shared) *rules.Object {
	r := &reading{Settings: s, object: object, shared: shared, own: kinds.ReadAnnotated(object), terms: s.terms}
	o := &rules.Object{
		Kind: kinds.StandardKind, Namespace: object.Namespace, Name: object.Name, UID: object.UID, Generation: object.Generation,
		Created: object.CreationTimestamp.Time, LastNameFirst: true, ID: networkingv1.GroupName + "/" + object.Namespace + "/" + object.Name,
	}
	r.closing = append(r.closing, s.closing...)
	if s.gone != "" {
		r.told = append(r.told, s.gone)
	}
	r.annotations()
	if !r.terms.canary.on {
		o.Certificates = r.own.Certificates(object)
	}
	if fault := r.own.Fault(); fault != "" {
		r.closing = append(r.closing, fault)
	}
	r.closesHosts = r.closesHosts || r.own.ClosesHosts()
	r.settle()
	if !r.terms.canary.on {
		o.ClientCertificate = r.settleClients()
	}
	if r.checkSize() {
		r.checkSnippets()
		r.tellOfOthers()
	}
	if r.terms.canary.on {
		o.Canary = r.canary()
	}
	o.ClosesHosts = r.closesHosts && len(r.closing) > 0
	if len(r.closing) > 0 {
		o.Fault = &rules.Fault{Text: strings.Join(rules.Bounded(r.closing), "; "), Closing: rules.ForeignAnnotation}
	}
	o.Hosts = r.hosts()
	o.Unheeded = r.unheeded()
	return o
}

// MostRules bounds the rules and paths of an Ingress, both together. mostScript bounds its snippets, in bytes, each
// counted at each path where it holds: what a snippet means depends on the path.
const (
	MostRules  = 2000
	mostScript = 256 << 10
)

// checkSize closes the Ingress if it is so large that reading it would keep the controller from its other work. Then
// its snippets are not read, and its hosts are closed if one of those is for them. It returns whether it is small
// enough.
func (r *reading) checkSize() bool {
	count, script := 0, 0
	for i := range r.object.Spec.Rules {
		rule := &r.object.Spec.Rules[i]
		paths := 0
		if rule.HTTP != nil {
			paths = len(rule.HTTP.Paths)
		}
		count += 1 + paths
		script += (1 + paths) * (len(r.terms.snippet) + len(r.shared[r.key(rule.Host)].snippet))
	}
	switch {
	default:
		return true
	case count > MostRules:
		r.closing = append(r.closing, "it has "+strconv.Itoa(count)+" rules and paths: write at most "+strconv.Itoa(MostRules)+" into one Ingress, and the rest into others")
	case script > mostScript:
		r.closing = append(r.closing, "its snippets are "+strconv.Itoa(script>>10)+" KiB long, each counted once for each of its paths: write shorter ones, or at most "+
			strconv.Itoa(mostScript>>10)+" KiB into one Ingress")
	}
	r.closesHosts = r.closesHosts || r.terms.serverSnippet != ""
	return false
}

// annotations reads those of ingress-nginx. Of a canary only those count that are about it.
func (r *reading) annotations() {
	canary := isCanary(r.object)
	for _, full := range slices.Sorted(maps.Keys(r.object.Annotations)) {
		name, theirs := strings.CutPrefix(full, Prefix)
		if !theirs || slices.Contains(r.own.Ignored(), full) || canary && !ofCanary(name) {
			continue
		}
		r.annotation(name, r.object.Annotations[full])
	}
	if t := &r.terms.canary; !t.on && (t.header != "" || t.cookie != "" || t.weight > 0) {
		r.told = append(r.told, "annotations that begin with canary do nothing without canary: \"true\"")
	}
}

// isCanary returns whether an Ingress is a canary. It is none if it asks to be served without that annotation.
func isCanary(object *networkingv1.Ingress) bool {
	value := object.Annotations[kinds.CanaryAnnotation]
	if len(value) > ValueLimit {
		return false
	}
	canary, err := strconv.ParseBool(strings.TrimSpace(value))
	return err == nil && canary && !slices.Contains(kinds.ReadAnnotated(object).Ignored(), kinds.CanaryAnnotation)
}

// ofCanary returns whether an annotation counts for a canary.
func ofCanary(name string) bool { return strings.HasPrefix(name, "canary") }

// annotation reads one annotation. Of a value that is too long only the beginning may be known, so it says nothing.
func (r *reading) annotation(name, value string) {
	n := annotationNamed(name)
	long := len(value) > ValueLimit
	value = strings.TrimSpace(value)
	shown := "annotation " + rules.Clip(Prefix+name)
	switch {
	case n == nil && kinds.SoundsLikeAccess(name):
		r.closing = append(r.closing, shown+" is unknown, and its name sounds as if it said who gets in: take it off, or list it in ingress.warren.dev/ignore-annotations")
	case n == nil:
		r.told = append(r.told, shown+" is unknown: ingress-nginx has no such annotation, and nothing is done about it")
	case n.Fate == Meaningless:
		r.idle = append(r.idle, rules.Clip(name))
	case n.Fate == NeverExisted:
		r.invented = append(r.invented, rules.Clip(name))
	case n.Fate == Closes:
		if !long && (value == "" || n.off != nil && n.off(value)) {
			return
		}
		r.closesHosts = r.closesHosts || n.hosts
		r.closing = append(r.closing, shown+": nothing here does that: "+n.Text+"; or list it in ingress.warren.dev/ignore-annotations")
	case value == "" && (!n.guards || n.off != nil) && !long:
		// It says nothing, as it said nothing to ingress-nginx.
	default:
		r.value(n, shown, value, long)
	}
}

// newerNames are the names that took the place of others, which still count where those are missing.
var newerNames = map[string]string{"whitelist-source-range": "allowlist-source-range", "limit-whitelist": "limit-allowlist"}

// value reads the value of an annotation that is acted on. long is set if it is too long. What cannot be read closes if
// the annotation guards.
func (r *reading) value(n *Name, shown, value string, long bool) {
	if newer := Prefix + newerNames[n.Name]; newer != Prefix && strings.TrimSpace(r.object.Annotations[newer]) != "" && !slices.Contains(r.own.Ignored(), newer) {
		return // That counts.
	}
	fault := "the value is longer than 8 KiB"
	if !long {
		fault = n.read(&r.terms, value)
	}
	switch {
	case fault == "":
	case n.guards:
		r.closing = append(r.closing, shown+": "+fault)
		r.closesHosts = r.closesHosts || n.hosts
	default:
		r.told = append(r.told, shown+": "+fault+"; until then it counts as not written")
	}
}

// toldLength is how long what is told may be, in bytes, so that it fits into an event.
const toldLength = 900

// unheeded returns what to tell the author besides what closes.
func (r *reading) unheeded() string {
	parts := slices.Clone(r.told)
	if len(r.invented) > 0 {
		parts = append(parts, "nothing was ever done by "+listed(r.invented)+": ingress-nginx has no such annotations")
	}
	if len(r.idle) > 0 {
		parts = append(parts, "nothing has to be done here about "+listed(r.idle)+": docs/ingress-nginx.md says why")
	}
	text := strings.Join(parts, "; ")
	if len(text) > toldLength {
		text = strings.ToValidUTF8(text[:toldLength], "") + "…"
	}
	return text
}

// listed lists names that have no prefix.
func listed(names []string) string { return strings.Join(rules.Bounded(names), ", ") }

// leastTotal is what ingress-nginx takes a lower total for.
const leastTotal = 100

// canary returns which requests the canary takes.
func (r *reading) canary() *rules.Canary {
	c := &r.terms.canary
	total := max(c.total, leastTotal)
	made := &rules.Canary{Header: c.header, HeaderValue: c.value, Cookie: c.cookie, Weight: int32(min(c.weight, total)), Total: int32(total)}
	if c.pattern != "" && c.value == "" {
		made.HeaderPattern = rules.Within(c.pattern)
	}
	return made
}

// customHeaders returns the name of the ConfigMap with fields for responses.
func (r *reading) customHeaders() (types.NamespacedName, bool) {
	return mapName(r.terms.headersFrom, r.object.Namespace)
}
