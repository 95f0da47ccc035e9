// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"errors"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
)

// annotationPrefix begins the annotations that stand for what the spec of a standard Ingress has no field for.
const annotationPrefix = "ingress.warren.dev/"

const (
	redirectAnnotation   = annotationPrefix + "redirect-http"
	autoSSLAnnotation    = annotationPrefix + "auto-ssl"
	mirrorAnnotation     = annotationPrefix + "mirror"
	errorPagesAnnotation = annotationPrefix + "error-pages"
	authAnnotation       = annotationPrefix + "auth"
)

// annotationLimit is the longest value that is read, in bytes. A hundred address ranges take half of it.
const annotationLimit = 8 << 10

// asked is what the annotations of a standard Ingress ask for.
type asked struct {
	// policies has the policies of every path, and the protocol and TLS of every backend.
	policies     v1alpha1.IngressPath
	redirectHTTP bool
	// autoSSL has a certificate ordered. email is the address that the authority writes to.
	autoSSL bool
	email   string
	// clientCertificate is what the clients of the hosts have to show. Nil for nothing.
	clientCertificate *v1alpha1.ClientCertificate
	// ignored is set if the whole Ingress is left out.
	ignored bool
	// fault is what is wrong with an annotation, and closed what kind of fault that is. closesHosts is set if the fault is
	// about the hosts as a whole.
	fault       string
	closed      rules.Closing
	closesHosts bool
	// ignore lists the annotations of other controllers that the Ingress is served without, as its author asks.
	ignore []string
	// regex is set if another controller would read the paths as regular expressions.
	regex bool
	// unheeded lists the annotations of other controllers that have no effect here and do not decide who gets in.
	unheeded []string
}

// RelevantAnnotation returns whether an annotation of a standard Ingress makes a difference, and the part of its value
// that does.
func RelevantAnnotation(name, value string) (relevant string, ok bool) {
	if name == classAnnotation || strings.HasPrefix(name, annotationPrefix) {
		return value, true
	}
	return relevantForeign(name, value)
}

// readAnnotations reads the annotations of a standard Ingress. An annotation with our prefix that is not understood or
// that does not exist is a fault: it might be the access control of the whole Ingress.
func readAnnotations(object *networkingv1.Ingress) (a asked) {
	if len(object.Annotations) == 0 {
		return a
	}
	a.readOwn(object.Annotations)
	a.readForeign(object.Annotations)
	return a
}

// readOwn reads our annotations among those of an Ingress.
func (a *asked) readOwn(annotations map[string]string) {
	var faults []string
	for _, name := range slices.Sorted(maps.Keys(annotations)) {
		short, ours := strings.CutPrefix(name, annotationPrefix)
		if !ours {
			continue
		}
		before := a.policies
		if fault := a.read(short, annotations[name]); fault != "" {
			a.policies = before // or the annotations that follow would be told of this fault too
			faults, a.closed = append(faults, "annotation "+rules.Clip(name)+": "+fault), rules.InvalidRule
		}
	}
	a.fault = strings.Join(rules.Bounded(faults), "; ")
}

func (a *asked) read(name, value string) (fault string) {
	if len(value) > annotationLimit {
		return "the value is longer than 8 KiB"
	}
	index := slices.IndexFunc(readers, func(r reader) bool { return r.name == name })
	if index < 0 {
		return "there is no such annotation: write " + readerNames()
	}
	r := &readers[index]
	if r.set != nil {
		return r.set(a, value)
	}
	if fault := r.annotate(&a.policies, value, r.example); fault != "" {
		return fault
	}
	if fault := backendTLSFault(&a.policies.Backend); fault != "" {
		return fault
	}
	if _, fault := new(ruleReader).readPolicies(&a.policies); fault != "" {
		return fault
	}
	return limitsFault(&a.policies)
}

func (a *asked) readIgnored(value string) (fault string) {
	a.ignore, fault = readIgnored(value)
	return fault
}

func (a *asked) readRedirect(value string) (fault string) {
	a.redirectHTTP, fault = readBool(value)
	return fault
}

func (a *asked) readAutoSSL(value string) (fault string) {
	a.autoSSL, fault = readBool(value)
	return fault
}

func (a *asked) readEmail(value string) (fault string) {
	if !emailForm.MatchString(value) || len(value) > maxEmail {
		return rules.Quote(value) + " is no address: write one such as admin@example.com, without a name or mailto:"
	}
	a.email = value
	return ""
}

func (a *asked) readProtocol(value string) (fault string) {
	switch protocol := v1alpha1.Protocol(value); protocol {
	case v1alpha1.ProtocolHTTP, v1alpha1.ProtocolHTTPS, v1alpha1.ProtocolH2C:
		a.policies.Backend.Protocol = protocol
		return ""
	}
	return rules.Quote(value) + " is unknown: write HTTP, HTTPS or H2C"
}

func readBool(value string) (read bool, fault string) {
	if value != "true" && value != "false" {
		return false, rules.Quote(value) + " is neither true nor false: write one of them"
	}
	return value == "true", ""
}

// maxEmail and emailForm are what the schema requires of an email.
const maxEmail = 254

var emailForm = regexp.MustCompile(`^[^@\s:,<>]+@[^@\s:,<>.]+([.][^@\s:,<>.]+)+$`)

func annotateAccess(path *v1alpha1.IngressPath, value, example string) (fault string) {
	path.AccessControl, fault = readYAML[v1alpha1.AccessControl](value, example)
	if control := path.AccessControl; fault == "" && len(control.DeniedIPs) == 0 && len(control.AllowedIPs) == 0 {
		return "it keeps nobody out: list allowedIPs or deniedIPs, or take the annotation off"
	}
	return fault
}

func annotateRateLimit(path *v1alpha1.IngressPath, value, example string) (fault string) {
	limit, fault := readYAML[annotatedLimit](value, example)
	if fault == "" {
		path.RateLimit = &v1alpha1.RateLimit{
			RequestsPerSecond: limit.RequestsPerSecond.Quantity, Burst: limit.Burst, Scope: limit.Scope, Exempt: limit.Exempt}
	}
	return fault
}

func annotateHeaders(path *v1alpha1.IngressPath, value, example string) (fault string) {
	path.Headers, fault = readYAML[v1alpha1.Headers](value, example)
	if h := path.Headers; fault == "" && (h.Response != nil || len(h.Add)+len(h.Set)+len(h.Remove) == 0) &&
		(h.Response == nil || len(h.Response.Add)+len(h.Response.Set)+len(h.Response.Remove) == 0) {
		return "it changes nothing: write fields under add, set, remove or response, or take the annotation off"
	}
	return fault
}

func annotateRewrite(path *v1alpha1.IngressPath, value, example string) (fault string) {
	path.Rewrite, fault = readYAML[v1alpha1.Rewrite](value, example)
	return fault
}

// annotateSome returns a function that reads an annotation into the field of a path that at returns. Any part of the
// annotation may be left out, but not all of them.
func annotateSome[T any](at func(*v1alpha1.IngressPath) **T) func(*v1alpha1.IngressPath, string, string) string {
	return func(path *v1alpha1.IngressPath, value, example string) (fault string) {
		field := at(path)
		if *field, fault = readYAML[T](value, example); fault == "" && reflect.ValueOf(*field).Elem().IsZero() {
			return "it says nothing: write at least one field, or take the annotation off"
		}
		return fault
	}
}

// annotateAny is [annotateSome] for what may be left out as a whole, because {} says something too, or because its
// reader says what is missing.
func annotateAny[T any](at func(*v1alpha1.IngressPath) **T) func(*v1alpha1.IngressPath, string, string) string {
	return func(path *v1alpha1.IngressPath, value, example string) (fault string) {
		*at(path), fault = readYAML[T](value, example)
		return fault
	}
}

// readYAML reads a policy in the form that it has under a path of this API's Ingress.
func readYAML[T any](value, example string) (policy *T, fault string) {
	if err := decodeYAML(value, &policy); err != nil {
		return nil, "it is not what the field of an Ingress of " + v1alpha1.GroupVersion.Group + " is, " + example + " for instance: " +
			rules.Clip(strings.ReplaceAll(err.Error(), "\n", " "))
	}
	if policy == nil {
		return nil, "it is empty: write " + example + " for instance, or take the annotation off"
	}
	return policy, ""
}

// annotatedLimit is a RateLimit that no schema has checked.
type annotatedLimit struct {
	RequestsPerSecond plainNumber             `json:"requestsPerSecond"`
	Burst             int32                   `json:"burst"`
	Scope             v1alpha1.RateLimitScope `json:"scope"`
	Exempt            []v1alpha1.ExemptRange  `json:"exempt"`
}

// plainNumber is a Quantity without an exponent: computing one with a large exponent would take seconds.
type plainNumber struct{ resource.Quantity }

var plainNumberForm = regexp.MustCompile(`^[0-9]{1,7}([.][0-9]{1,9})?[mkM]?$`)

// UnmarshalJSON reads a number, or a string that holds one.
func (n *plainNumber) UnmarshalJSON(text []byte) (err error) {
	number := strings.Trim(string(text), `"`)
	if !plainNumberForm.MatchString(number) {
		return errors.New("requestsPerSecond must be a number above zero and at most 1000000, such as 100 or '0.5'")
	}
	n.Quantity, err = resource.ParseQuantity(number)
	return err
}
