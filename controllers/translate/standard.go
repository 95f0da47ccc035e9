// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
)

// StandardKind is the kind that reports on Ingresses of networking.k8s.io are of.
const StandardKind = "Ingress.networking.k8s.io"

// Standard is an Ingress of networking.k8s.io in the words of this API's Ingress, and what of it those cannot say. Its
// annotations are YAML, which takes longer to read than all the rest of a build takes for an Ingress, so whoever makes
// an Input makes it once for each version of an object. It is immutable.
type Standard struct {
	// object has the identity of the standard Ingress, its rules, and behind them those of its default backend.
	object *v1alpha1.Ingress
	// defaults is the index of the first rule that its default backend stands for.
	defaults int
	// paths are what the paths of the object's rules cannot say, rule by rule.
	paths [][]standardPath
	tls   []*v1alpha1.IngressTLS
	// fault keeps all of its paths from being served as they are written; closed is of which kind it is.
	fault  string
	closed rules.Closing
	// closesHosts is set where the fault is about all of its hosts, what other Ingresses have of them too.
	closesHosts bool
	// unheeded names the annotations of other controllers that are not acted on, and say nothing of who gets in.
	unheeded string
}

// standardPath is what a path of a standard Ingress has beyond those of this API.
type standardPath struct {
	// portName is the Service's name of the port, where the backend has that in place of a number.
	portName string
	// pattern is set where the path is none to compare with, and regex where another controller would read it as an
	// expression.
	pattern, regex bool
	// fault is what else is wrong with it.
	fault string
}

// NewStandard reads a standard Ingress. What is wrong with it becomes known when a snapshot is built from it.
func NewStandard(object *networkingv1.Ingress) *Standard {
	s := &Standard{object: &v1alpha1.Ingress{ObjectMeta: metav1.ObjectMeta{
		Namespace: object.Namespace, Name: object.Name, UID: object.UID, Generation: object.Generation,
		CreationTimestamp: object.CreationTimestamp, DeletionTimestamp: object.DeletionTimestamp,
	}}}
	asked := readAnnotations(object)
	s.fault, s.closed, s.closesHosts, s.unheeded = asked.fault, asked.closed, asked.closesHosts, unheeded(asked.unheeded)
	if asked.ignored {
		return s
	}
	s.addRules(&object.Spec, &asked)
	s.defaults = len(s.object.Spec.Rules)
	if object.Spec.DefaultBackend != nil {
		s.addDefaults(object.Spec.DefaultBackend, &asked.policies)
	}
	if asked.autoSSL {
		fault := s.addOrdered(object.Spec.TLS, &asked)
		if fault == "" {
			return s
		}
		s.close("annotation " + autoSSLAnnotation + ": " + fault)
	}
	for i := range object.Spec.TLS {
		// Without a Secret, the hosts are left to the certificate that is served where there is no other.
		if tls := &object.Spec.TLS[i]; tls.SecretName != "" {
			s.tls = append(s.tls, standardTLS(tls, asked.redirectHTTP))
		}
	}
	if asked.redirectHTTP && len(s.tls) == 0 && s.fault == "" {
		s.close("annotation " + redirectAnnotation + ": it is true, and there is nothing to redirect to: name a Secret under tls, or take the annotation off")
	}
	return s
}

// close closes all paths, if they are not yet.
func (s *Standard) close(fault string) {
	if s.fault == "" {
		s.fault, s.closed = fault, rules.InvalidRule
	}
}

func (s *Standard) addRules(spec *networkingv1.IngressSpec, asked *asked) {
	for i := range spec.Rules {
		rule := v1alpha1.IngressRule{Host: v1alpha1.Host(spec.Rules[i].Host)}
		var beyond []standardPath
		if http := spec.Rules[i].HTTP; http != nil {
			rule.Paths = make([]v1alpha1.IngressPath, 0, len(http.Paths))
			beyond = make([]standardPath, 0, len(http.Paths))
			for j := range http.Paths {
				path, more := newStandardPath(&http.Paths[j], asked)
				rule.Paths, beyond = append(rule.Paths, path), append(beyond, more)
			}
		}
		s.object.Spec.Rules, s.paths = append(s.object.Spec.Rules, rule), append(s.paths, beyond)
	}
}

// addDefaults adds a rule for each host of the Ingress, or for every host where it has no rules, that sends what no
// other path matches to the default backend.
func (s *Standard) addDefaults(backend *networkingv1.IngressBackend, policies *v1alpha1.IngressPath) {
	path := *policies
	path.Path, path.PathType = "/", v1alpha1.PathTypePrefix
	var more standardPath
	path.Backend, more.portName, more.fault = standardBackend(backend, policies)
	var hosts []v1alpha1.Host
	for i := range s.object.Spec.Rules {
		if host := s.object.Spec.Rules[i].Host; !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	if len(hosts) == 0 {
		hosts = []v1alpha1.Host{""}
	}
	for _, host := range hosts {
		rule := v1alpha1.IngressRule{Host: host, Paths: []v1alpha1.IngressPath{path}}
		s.object.Spec.Rules, s.paths = append(s.object.Spec.Rules, rule), append(s.paths, []standardPath{more})
	}
}

// newStandardPath reads a path. ImplementationSpecific is compared as Prefix is.
func newStandardPath(from *networkingv1.HTTPIngressPath, asked *asked) (v1alpha1.IngressPath, standardPath) {
	path, more := asked.policies, standardPath{}
	path.Path, path.PathType = v1alpha1.Path(from.Path), v1alpha1.PathTypePrefix
	switch {
	case from.PathType == nil || *from.PathType == networkingv1.PathTypeImplementationSpecific:
		if from.Path == "" { // which no other type lets one write
			path.Path = "/"
		}
		more.pattern = strings.ContainsAny(from.Path, `*()[]{}^$|\`) || strings.Contains(from.Path, "?") && writtenAsExpression(from.Path)
	case *from.PathType != networkingv1.PathTypePrefix:
		path.PathType = v1alpha1.PathType(*from.PathType)
	}
	more.regex = asked.regex && strings.ContainsAny(from.Path, `*+?()[]{}^$|\`)
	if !more.pattern {
		path.Path = v1alpha1.Path(clientSpelling(string(path.Path)))
	}
	path.Backend, more.portName, more.fault = standardBackend(&from.Backend, &asked.policies)
	return path, more
}

func standardBackend(from *networkingv1.IngressBackend, policies *v1alpha1.IngressPath) (backend v1alpha1.IngressBackend, portName, fault string) {
	backend = policies.Backend
	if from.Service == nil {
		return backend, "", "backend.resource is not supported: name a Service under backend.service"
	}
	backend.ServiceName = v1alpha1.ServiceName(from.Service.Name)
	backend.Port = v1alpha1.Port(from.Service.Port.Number)
	return backend, from.Service.Port.Name, ""
}

// maxCertificateHosts is how many hosts the schema lets a TLSCertificate have.
const maxCertificateHosts = 64

// addOrdered adds the certificate that is ordered for an Ingress, or says why none can be. It has to be one that the
// schema would take in an Ingress of this API and in a TLSCertificate.
func (s *Standard) addOrdered(from []networkingv1.IngressTLS, asked *asked) (fault string) {
	tls := &v1alpha1.IngressTLS{}
	switch len(from) {
	case 0:
		tls.RedirectHTTP = &asked.redirectHTTP
	case 1:
		tls = standardTLS(&from[0], asked.redirectHTTP)
	default:
		return "it orders one certificate, and tls asks for several: make an Ingress for each"
	}
	tls.AutoSSL, tls.Email = true, asked.email
	hosts := make(map[string]bool)
	for _, host := range tls.Hosts {
		hosts[string(host)] = true
	}
	for i := range s.object.Spec.Rules {
		if host := string(s.object.Spec.Rules[i].Host); len(tls.Hosts) == 0 && host != "" {
			hosts[host] = true
		}
	}
	if len(hosts) == 0 {
		return "it needs a host to order a certificate for: list it under tls.hosts"
	}
	if len(secretName(s.object, tls)) > validation.DNS1123SubdomainMaxLength {
		return "the name of this Ingress is too long to derive the name of a Secret from: write secretName under tls"
	}
	if len(hosts) > maxCertificateHosts {
		return "it orders for at most " + strconv.Itoa(maxCertificateHosts) + " hosts: make several Ingresses of this one"
	}
	for _, host := range slices.Sorted(maps.Keys(hosts)) {
		switch {
		case strings.HasPrefix(host, "*"):
			return "it cannot order a certificate for the wildcard host " + rules.Quote(host) + ", which HTTP-01 cannot prove: list exact hosts under tls.hosts, " +
				"or take the annotation off and name a Secret"
		case !rules.ValidHost(host):
			return "it cannot order a certificate for " + rules.Quote(host) + ", which is no name: list others under tls.hosts"
		}
	}
	s.tls = append(s.tls, tls)
	return ""
}

// Ordering returns the Ingress as one of this API that asks for the same certificate to be ordered, nil if it asks for
// none. It is not known what an Ingress with a mistake in its annotations asks for: what was ordered for it is left as
// it is.
func (s *Standard) Ordering() (ordering *v1alpha1.Ingress, known bool) {
	if len(s.tls) == 1 && s.tls[0].AutoSSL {
		return &v1alpha1.Ingress{ObjectMeta: s.object.ObjectMeta, Spec: v1alpha1.IngressSpec{TLS: s.tls[0]}}, true
	}
	return nil, s.fault == ""
}

func standardTLS(from *networkingv1.IngressTLS, redirectHTTP bool) *v1alpha1.IngressTLS {
	tls := &v1alpha1.IngressTLS{SecretName: v1alpha1.SecretName(from.SecretName), RedirectHTTP: &redirectHTTP}
	for _, host := range from.Hosts {
		tls.Hosts = append(tls.Hosts, v1alpha1.CertificateHost(host))
	}
	return tls
}

// beyond returns what a path has beyond those of this API, nil for a path that is of this API.
func (i *ingress) beyond(rule, path int32) *standardPath {
	if i.standard == nil {
		return nil
	}
	return &i.standard.paths[rule][path]
}

// isDefault says whether a rule stands for a default backend.
func (i *ingress) isDefault(rule int32) bool {
	return i.standard != nil && int(rule) >= i.standard.defaults
}

// kind is the kind that the report on an Ingress is of.
func (i *ingress) kind() string {
	if i.standard != nil {
		return StandardKind
	}
	return v1alpha1.IngressKind
}
