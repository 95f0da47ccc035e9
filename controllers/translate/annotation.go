// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"cmp"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// annotationPrefix begins the annotations by which a standard Ingress asks for what its spec has no field for.
const annotationPrefix = "ingress.warren.dev/"

const (
	redirectAnnotation = annotationPrefix + "redirect-http"
	autoSSLAnnotation  = annotationPrefix + "auto-ssl"
)

// annotationLimit is the longest value that is read, in bytes: a hundred address ranges take half of it.
const annotationLimit = 8 << 10

// asked is what the annotations of a standard Ingress ask for.
type asked struct {
	// policies has the policies of every path, and how every backend is spoken to.
	policies     v1alpha1.IngressPath
	redirectHTTP bool
	// autoSSL has a certificate ordered, with email for the authority to write to.
	autoSSL bool
	email   v1alpha1.Email
	// ignored is set where the Ingress is left out as a whole.
	ignored bool
	// fault is what is wrong with an annotation; closed is of which kind it is, and closesHosts set where it is about
	// the whole hosts.
	fault       string
	closed      closing
	closesHosts bool
	// ignore are the annotations of other controllers that the Ingress is to be served without.
	ignore []string
	// regex is set where another controller would read the paths as expressions.
	regex bool
	// unheeded are the annotations of other controllers that are not acted on, and say nothing of who gets in.
	unheeded []string
}

// RelevantAnnotation says whether an annotation of a standard Ingress makes a difference, and returns as much of its
// value as does.
func RelevantAnnotation(name, value string) (relevant string, ok bool) {
	if name == classAnnotation || strings.HasPrefix(name, annotationPrefix) {
		return value, true
	}
	return relevantForeign(name, value)
}

// readAnnotations reads the annotations of a standard Ingress. One that is not understood, and one that does not exist, are faults:
// either might be the access control of the whole Ingress.
func readAnnotations(object *networkingv1.Ingress) (a asked) {
	if len(object.Annotations) == 0 {
		return a
	}
	for _, name := range slices.Sorted(maps.Keys(object.Annotations)) {
		short, ours := strings.CutPrefix(name, annotationPrefix)
		if !ours {
			continue
		}
		if fault := a.read(short, object.Annotations[name]); fault != "" {
			a.fault, a.closed = cmp.Or(a.fault, "annotation "+clip(name)+": "+fault), invalidRule
		}
	}
	a.readForeign(object.Annotations)
	return a
}

func (a *asked) read(name, value string) (fault string) {
	if len(value) > annotationLimit {
		return "the value is longer than 8 KiB"
	}
	switch name {
	case "ignore-annotations":
		a.ignore, fault = readIgnored(value)
		return fault
	case "redirect-http":
		a.redirectHTTP, fault = readBool(value)
		return fault
	case "auto-ssl":
		a.autoSSL, fault = readBool(value)
		return fault
	case "email":
		if !emailForm.MatchString(value) || len(value) > maxEmail {
			return quote(value) + " is no address: write one such as admin@example.com, without a name or mailto:"
		}
		a.email = v1alpha1.Email(value)
		return ""
	case "backend-protocol":
		switch protocol := v1alpha1.Protocol(value); protocol {
		case v1alpha1.ProtocolHTTP, v1alpha1.ProtocolHTTPS, v1alpha1.ProtocolH2C:
			a.policies.Backend.Protocol = protocol
			return ""
		}
		return quote(value) + " is unknown: write HTTP, HTTPS or H2C"
	}
	if fault := readPolicy(&a.policies, name, value); fault != "" {
		return fault
	}
	if saysNothing(&a.policies, name) {
		return "it says nothing: write at least one field, or take the annotation off"
	}
	// Those before it are in order, or else it makes no difference what is said of this one.
	if fault := backendTLSFault(&a.policies.Backend); fault != "" {
		return fault
	}
	if _, fault := new(collector).readPolicies(&a.policies); fault != "" {
		return fault
	}
	return limitsFault(&a.policies)
}

func readBool(value string) (read bool, fault string) {
	if value != "true" && value != "false" {
		return false, quote(value) + " is neither true nor false: write one of them"
	}
	return value == "true", ""
}

// maxEmail and emailForm are what the schema says of an email.
const maxEmail = 254

var emailForm = regexp.MustCompile(`^[^@\s:,<>]+@[^@\s:,<>.]+([.][^@\s:,<>.]+)+$`)

// readPolicy reads into path the policy that an annotation is named after.
func readPolicy(path *v1alpha1.IngressPath, name, value string) (fault string) {
	switch name {
	case "access-control":
		path.AccessControl, fault = readYAML[v1alpha1.AccessControl](value, "{allowedIPs: [10.0.0.0/8]}")
		if control := path.AccessControl; fault == "" && len(control.DeniedIPs) == 0 && len(control.AllowedIPs) == 0 {
			return "it keeps nobody out: list allowedIPs or deniedIPs, or take the annotation off"
		}
	case "rate-limit":
		var limit *annotatedLimit
		if limit, fault = readYAML[annotatedLimit](value, "{requestsPerSecond: 10, burst: 20}"); fault == "" {
			path.RateLimit = &v1alpha1.RateLimit{
				RequestsPerSecond: limit.RequestsPerSecond.Quantity, Burst: limit.Burst, Scope: limit.Scope}
		}
	case "headers":
		path.Headers, fault = readYAML[v1alpha1.Headers](value, "{set: {X-App-Version: v1}, remove: [Server]}")
		if h := path.Headers; fault == "" && (h.Response != nil || len(h.Add)+len(h.Set)+len(h.Remove) == 0) &&
			(h.Response == nil || len(h.Response.Add)+len(h.Response.Set)+len(h.Response.Remove) == 0) {
			return "it changes nothing: write fields under add, set, remove or response, or take the annotation off"
		}
	case "rewrite":
		path.Rewrite, fault = readYAML[v1alpha1.Rewrite](value, "{stripPrefix: /v1}")
	case "load-balancing":
		path.LoadBalancing, fault = readYAML[v1alpha1.LoadBalancing](value, "{policy: LeastRequest}")
	case "timeouts":
		path.Timeouts, fault = readYAML[v1alpha1.Timeouts](value, "{request: 30s}")
	case "retries":
		path.Retries, fault = readYAML[v1alpha1.Retries](value, "{attempts: 2}")
	case "backend-tls":
		path.Backend.TLS, fault = readYAML[v1alpha1.BackendTLS](value, "{caSecretName: backend-ca}")
	default:
		return "there is no such annotation: write access-control, rate-limit, headers, rewrite, load-balancing, timeouts, retries, " +
			"backend-protocol, backend-tls, redirect-http, auto-ssl, email or ignore-annotations"
	}
	return fault
}

// saysNothing says whether a policy that was read has no field at all. Those with required fields have faults of
// their own.
func saysNothing(path *v1alpha1.IngressPath, name string) bool {
	switch name {
	case "load-balancing":
		return *path.LoadBalancing == v1alpha1.LoadBalancing{}
	case "timeouts":
		return *path.Timeouts == v1alpha1.Timeouts{}
	case "retries":
		return *path.Retries == v1alpha1.Retries{}
	case "backend-tls":
		return *path.Backend.TLS == v1alpha1.BackendTLS{}
	}
	return false
}

// readYAML reads a policy as the Ingress of this API has it under a path. JSON is YAML too.
func readYAML[T any](value, example string) (policy *T, fault string) {
	if err := yaml.UnmarshalStrict([]byte(value), &policy); err != nil {
		return nil, "it is not what the field of an Ingress of " + v1alpha1.GroupVersion.Group + " is, " + example + " for instance: " +
			clip(strings.ReplaceAll(err.Error(), "\n", " "))
	}
	if policy == nil {
		return nil, "it is empty: write " + example + " for instance, or take the annotation off"
	}
	return policy, ""
}

// annotatedLimit is a RateLimit that no schema has looked at.
type annotatedLimit struct {
	RequestsPerSecond plainNumber             `json:"requestsPerSecond"`
	Burst             int32                   `json:"burst"`
	Scope             v1alpha1.RateLimitScope `json:"scope"`
}

// plainNumber is a Quantity without an exponent: to work out a large one would take seconds.
type plainNumber struct{ resource.Quantity }

var plainNumberForm = regexp.MustCompile(`^[0-9]{1,7}([.][0-9]{1,9})?[mkM]?$`)

// UnmarshalJSON reads a number, or a string of one.
func (n *plainNumber) UnmarshalJSON(text []byte) (err error) {
	number := strings.Trim(string(text), `"`)
	if !plainNumberForm.MatchString(number) {
		return errors.New("requestsPerSecond must be a number above zero and at most 1000000, such as 100 or '0.5'")
	}
	n.Quantity, err = resource.ParseQuantity(number)
	return err
}
