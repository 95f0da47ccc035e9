// SPDX-License-Identifier: Apache-2.0

package nginx

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/controllers/nginx/snippet"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
)

// Options are what the controller's flags say of Ingresses written for ingress-nginx.
type Options struct {
	// Class is the name of the class. Empty for not serving such Ingresses.
	Class string
	// ConfigMap is that of ingress-nginx. It has no name for none.
	ConfigMap types.NamespacedName
	// NoSnippets closes each path with a snippet, whatever is in it.
	NoSnippets bool
}

// Map is what is known of a ConfigMap.
type Map struct {
	Data map[string]string
	// Version is another one whenever Data are others.
	Version string
	// Missing says why there are no data, for people. Empty if there are.
	Missing string
	// Gone is set if the ConfigMap is not there any more, and Data are the last that it had.
	Gone bool
}

// Maps are ConfigMaps that [Named] names, by name.
type Maps map[types.NamespacedName]Map

// mostMaps bounds the ConfigMaps that the Ingresses of a namespace name.
const mostMaps = 16

// Named returns the ConfigMaps that the options, ingress-nginx's own ConfigMap, and Ingresses name. known has that
// ConfigMap, if it is known. beyond are those that are not read, since older Ingresses of the namespace name enough.
func Named(o *Options, known Maps, ingresses []*networkingv1.Ingress) (named map[types.NamespacedName]struct{}, beyond Maps) {
	named, beyond = make(map[types.NamespacedName]struct{}), make(Maps)
	if o.ConfigMap.Name != "" {
		named[o.ConfigMap] = struct{}{}
		for _, key := range headerMaps {
			if name, ok := mapName(known[o.ConfigMap].Data[key], ""); ok {
				named[name] = struct{}{}
			}
		}
	}
	count := make(map[string]int)
	for _, object := range ByAge(ingresses) {
		for _, annotation := range namingMaps {
			name, ok := mapName(object.Annotations[Prefix+annotation], object.Namespace)
			if _, already := named[name]; !ok || already {
				continue
			}
			if count[name.Namespace] == mostMaps {
				beyond[name] = Map{Missing: "is not read, since older Ingresses of the namespace name " + strconv.Itoa(mostMaps) + " others: name one of those"}
				continue
			}
			count[name.Namespace]++
			named[name] = struct{}{}
		}
	}
	return named, beyond
}

// ByAge returns Ingresses in the order of ingress-nginx: the oldest first, and of those that were made in the same
// second the one whose name comes last.
func ByAge(ingresses []*networkingv1.Ingress) []*networkingv1.Ingress {
	return slices.SortedFunc(slices.Values(ingresses), func(a, b *networkingv1.Ingress) int {
		if c := a.CreationTimestamp.Compare(b.CreationTimestamp.Time); c != 0 {
			return c
		}
		return rules.LastNameFirst(a.Namespace, a.Name, b.Namespace, b.Name)
	})
}

// headerMaps are the keys that name ConfigMaps with fields, and customHeaders is the annotation that does.
var headerMaps = []string{proxySetHeaders, addHeaders}

const (
	proxySetHeaders = "proxy-set-headers"
	addHeaders      = "add-headers"
	customHeaders   = "custom-headers"
	askedFields     = "auth-proxy-set-headers"
)

// namingMaps are the annotations that name a ConfigMap with fields.
var namingMaps = []string{customHeaders, askedFields}

// mapName reads the name of a ConfigMap. In a namespace that is not empty it may be without one, and has to be in that.
func mapName(text, namespace string) (name types.NamespacedName, ok bool) {
	text = strings.TrimSpace(text)
	if namespace != "" && text != "" && !strings.Contains(text, "/") {
		text = namespace + "/" + text
	}
	if readMapName(nil, text) != "" {
		return name, false
	}
	name.Namespace, name.Name, _ = strings.Cut(text, "/")
	return name, namespace == "" || name.Namespace == namespace
}

// Settings are what all Ingresses written for ingress-nginx have in common. They are immutable.
type Settings struct {
	options Options
	terms   Terms
	maps    Maps
	// made are the settings that NewSettings has made, perhaps with other maps.
	made *Settings
	// closing says why every path is closed. Empty for none.
	closing []string
	// gone says that the ConfigMap is not there any more. Empty if it is.
	gone string
	// notes are about keys that are not acted on, for who installs the controller.
	notes []string
}

// NewSettings reads the ConfigMap. known has those that [Named] names.
func NewSettings(o Options, known Maps) *Settings {
	s := &Settings{options: o, terms: defaults(), maps: known}
	s.made = s
	if o.ConfigMap.Name == "" {
		return s
	}
	from, ok := known[o.ConfigMap]
	if !ok || from.Missing != "" {
		why := from.Missing
		if why == "" {
			why = "is not there"
		}
		s.closing = append(s.closing, "ConfigMap "+o.ConfigMap.String()+", which --nginx-configmap names, "+why+": it may say who gets in; make it, an empty one will do")
		return s
	}
	if from.Gone {
		s.gone = "ConfigMap " + o.ConfigMap.String() + ", which --nginx-configmap names, is not there any more: what it said last holds until the controller starts anew, " +
			"and then every path is closed; make it again, or name a copy of it"
		s.notes = append(s.notes, s.gone)
	}
	for _, key := range slices.Sorted(maps.Keys(from.Data)) {
		s.read(key, from.Data[key])
	}
	s.readSnippets()
	s.terms.sent = s.headers(proxySetHeaders, from.Data)
	s.terms.answered = s.headers(addHeaders, from.Data)
	return s
}

// readSnippets closes every path if a snippet of the ConfigMap cannot be kept.
func (s *Settings) readSnippets() {
	for key, texts := range map[string]snippet.Snippets{
		serverSnippet: {Server: s.terms.shared.Server}, locationSnippet: {Configuration: s.terms.shared.Configuration},
	} {
		compiled, faults := snippet.Compile(texts, snippet.Context{})
		for _, f := range faults {
			s.closing = append(s.closing, s.where(key)+strings.TrimPrefix(f.String(), f.Kind.String())+
				": write what it does by annotations, or take it out")
		}
		if compiled != nil && len(compiled.Locations) > 0 {
			l := &compiled.Locations[0]
			s.closing = append(s.closing, s.where(key)+", line "+strconv.Itoa(l.Line)+": location "+rules.Quote(l.Path)+
				" would be on every host: write a path of an Ingress, or the annotation "+serverSnippet+" of the hosts that have it")
		}
	}
	slices.Sort(s.closing)
}

// where names a key of the ConfigMap.
func (s *Settings) where(key string) string {
	return "key " + rules.Clip(key) + " of ConfigMap " + s.options.ConfigMap.String()
}

// WithMaps returns the settings with other ConfigMaps, which differ in those that Ingresses alone name.
func (s *Settings) WithMaps(known Maps) *Settings {
	with := *s
	with.maps = known
	return &with
}

// Like returns whether settings differ at most in the ConfigMaps that Ingresses alone name.
func (s *Settings) Like(other *Settings) bool {
	return s != nil && other != nil && s.made == other.made
}

// MapOf tells what is known of the ConfigMaps that an Ingress names. Where it tells the same, the Ingress is read
// alike.
func (s *Settings) MapOf(object *networkingv1.Ingress) (told string) {
	for _, annotation := range namingMaps {
		if name, ok := mapName(object.Annotations[Prefix+annotation], object.Namespace); ok {
			of, known := s.maps[name]
			told += annotation + strconv.FormatBool(known) + of.Version + of.Missing
		}
	}
	return told
}

// Notes are what to tell who installs the controller, a line each.
func (s *Settings) Notes() []string { return slices.Concat(s.closing, s.notes) }

// read reads a key of the ConfigMap.
func (s *Settings) read(key, value string) {
	long := len(value) > ValueLimit
	value = strings.TrimSpace(value)
	n := find(Keys, key)
	where := s.where(key)
	switch {
	case n == nil:
		s.notes = append(s.notes, where+": ingress-nginx has no such key, and nothing is done about it")
	case long && (n.read != nil || n.Fate == Closes):
		s.closing = append(s.closing, where+": the value is longer than 8 KiB")
	case value == "" || n.off != nil && n.off(value):
	case n.Fate == Closes && n.read == nil:
		s.closing = append(s.closing, where+": nothing here does that: "+n.Text)
	case n.read == nil:
		s.notes = append(s.notes, where+" means nothing here: "+n.Text)
	default:
		fault := n.read(&s.terms, value)
		switch {
		case fault == "":
		case n.guards:
			s.closing = append(s.closing, where+": "+fault)
		default:
			s.notes = append(s.notes, where+": "+fault)
		}
	}
}

// headers returns the fields of the ConfigMap that a key names.
func (s *Settings) headers(key string, data map[string]string) []policy.Header {
	name, ok := mapName(data[key], "")
	if !ok {
		return nil // read has told of it
	}
	list, fault := readHeaders(s.maps, name, nil, nil)
	if fault != "" {
		s.closing = append(s.closing, s.where(key)+": "+fault)
	}
	return list
}

// readHeaders returns the fields in a ConfigMap. allowed has those that there may be. Nil is for all. variables is as
// for headerFault.
func readHeaders(known Maps, name types.NamespacedName, allowed []string, variables func(value string) (fault string)) (list []policy.Header, fault string) {
	from, ok := known[name]
	switch {
	case !ok:
		return nil, "there is no ConfigMap " + name.String() + ": make it, or take the name of it off"
	case from.Missing != "":
		return nil, "ConfigMap " + name.String() + " " + from.Missing
	}
	for _, field := range slices.SortedFunc(maps.Keys(from.Data), compareNames) {
		if fault := headerFault(from.Data, field, variables); fault != "" {
			return nil, "ConfigMap " + name.String() + ": " + fault
		}
		if len(from.Data[field]) > ValueLimit {
			return nil, "ConfigMap " + name.String() + ": the value of " + rules.Quote(field) + " is longer than 8 KiB"
		}
		if allowed != nil && !slices.Contains(allowed, field) {
			return nil, "ConfigMap " + name.String() + " has the field " + field + ", which global-allowed-response-headers of ingress-nginx's ConfigMap does not list"
		}
		if n := len(list); n > 0 && strings.EqualFold(list[n-1].Name, field) {
			return nil, "ConfigMap " + name.String() + " has " + list[n-1].Name + " and " + field + ", which are one field: write it once"
		}
		list = append(list, policy.Header{Name: field, Value: from.Data[field]})
	}
	return list, ""
}

// compareNames orders names of fields as [policy.HeaderChanges] wants them: without case.
func compareNames(a, b string) int {
	if c := strings.Compare(strings.ToLower(a), strings.ToLower(b)); c != 0 {
		return c
	}
	return strings.Compare(a, b)
}
