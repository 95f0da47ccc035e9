// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"fmt"
	"net/netip"
	"os"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

const (
	serviceName = "app"
	servicePort = 8080
	secretName  = "app-tls"
	// nginxClass is the class of Ingresses that are written for ingress-nginx.
	nginxClass = "nginx"
	// hostsPerIngress is below the 64 rules that an Ingress may have.
	hostsPerIngress = 50
)

// objects describes a scenario as the controller's users would: the namespace, a Task for each backend, what says who
// gets in, the certificate's Secret, and the Ingresses.
func objects(c *configuration, namespace string) ([]client.Object, error) {
	made := []client.Object{&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}}
	for i, backend := range c.Backends {
		made = append(made, task(namespace, fmt.Sprintf("%s-%d", serviceName, i+1), serviceOf(c, i), backend))
	}
	if c.authentication != "" {
		made = append(made, c.authentication.objects(c, namespace)...)
	}
	if c.passwords {
		made = append(made, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: usersSecretName}, Data: map[string][]byte{"auth": c.Users},
		})
	}
	var tls *v1alpha1.IngressTLS
	if c.https {
		secret, err := tlsSecret(c, namespace)
		if err != nil {
			return nil, err
		}
		made = append(made, secret)
		tls = &v1alpha1.IngressTLS{SecretName: secretName, RedirectHTTP: new(false)}
	}
	if c.expressions || c.snippet != "" {
		return append(made, nginxObjects(c, namespace)...), nil
	}
	number := 0
	for hosts := range slices.Chunk(c.hosts, hostsPerIngress) {
		number++
		ingress := &v1alpha1.Ingress{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: fmt.Sprintf("%s-%d", serviceName, number)},
			Spec:       v1alpha1.IngressSpec{TLS: tls},
		}
		for _, host := range hosts {
			ingress.Spec.Rules = append(ingress.Spec.Rules, rule(c, host))
		}
		made = append(made, ingress)
	}
	return made, nil
}

func task(namespace, name string, service v1alpha1.ServiceName, backend netip.AddrPort) *v1alpha1.Task {
	return &v1alpha1.Task{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.TaskSpec{
			ServiceName: service,
			Address:     v1alpha1.Address(backend.Addr().String()),
			Ports:       []v1alpha1.TaskPort{{Port: servicePort, TargetPort: v1alpha1.Port(backend.Port())}},
		},
	}
}

// nginxObjects returns an IngressClass of ingress-nginx, and an Ingress of it for each host.
func nginxObjects(c *configuration, namespace string) []client.Object {
	made := []client.Object{&networkingv1.IngressClass{
		ObjectMeta: metav1.ObjectMeta{Name: nginxClass}, Spec: networkingv1.IngressClassSpec{Controller: "k8s.io/ingress-nginx"},
	}}
	to := networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{
		Name: serviceName, Port: networkingv1.ServiceBackendPort{Number: servicePort},
	}}
	annotations := map[string]string{
		"nginx.ingress.kubernetes.io/use-regex": "true", "nginx.ingress.kubernetes.io/rewrite-target": "/$2",
	}
	suffix, pathType := "(/|$)(.*)", networkingv1.PathTypeImplementationSpecific
	if c.snippet != "" {
		annotations = map[string]string{"nginx.ingress.kubernetes.io/configuration-snippet": c.snippet}
		suffix, pathType = "", networkingv1.PathTypePrefix
	}
	for i, host := range c.hosts {
		http := new(networkingv1.HTTPIngressRuleValue)
		for _, path := range c.paths {
			http.Paths = append(http.Paths, networkingv1.HTTPIngressPath{
				Path: path + suffix, PathType: new(pathType), Backend: to,
			})
		}
		made = append(made, &networkingv1.Ingress{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: namespace, Name: fmt.Sprintf("%s-%d", serviceName, i+1),
				Annotations: annotations,
			},
			Spec: networkingv1.IngressSpec{
				IngressClassName: new(nginxClass),
				Rules:            []networkingv1.IngressRule{{Host: host, IngressRuleValue: networkingv1.IngressRuleValue{HTTP: http}}},
			},
		})
	}
	return made
}

func tlsSecret(c *configuration, namespace string) (*corev1.Secret, error) {
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: secretName},
		Type:       corev1.SecretTypeTLS,
		Data:       map[string][]byte{},
	}
	for key, file := range map[string]string{corev1.TLSCertKey: c.Certificate, corev1.TLSPrivateKeyKey: c.Key} {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading the certificate: %w", err)
		}
		secret.Data[key] = content
	}
	return secret, nil
}

func rule(c *configuration, host string) v1alpha1.IngressRule {
	r := v1alpha1.IngressRule{Host: v1alpha1.Host(host)}
	for _, path := range c.paths {
		p := v1alpha1.IngressPath{
			Path:    v1alpha1.Path(path),
			Backend: v1alpha1.IngressBackend{ServiceName: serviceName, Port: servicePort},
		}
		if c.policies {
			setPolicies(&p)
		}
		if c.fields {
			p.Headers = headerChanges()
		}
		if c.conditions {
			setConditions(&p)
		}
		if c.compression {
			p.Compression = new(v1alpha1.Compression)
		}
		if c.passwords && path == privatePath {
			p.Auth = &v1alpha1.Auth{Basic: &v1alpha1.BasicAuth{SecretName: usersSecretName}}
		}
		if c.authentication != "" {
			p.Auth = c.authentication.terms()
		}
		r.Paths = append(r.Paths, p)
	}
	return r
}

// serviceOf returns the service that a backend is an instance of. Where backends have weights, each is a service.
func serviceOf(c *configuration, backend int) v1alpha1.ServiceName {
	if c.conditions {
		return v1alpha1.ServiceName(fmt.Sprintf("%s-%d", serviceName, backend+1))
	}
	return serviceName
}

func setConditions(p *v1alpha1.IngressPath) {
	p.Match = new(v1alpha1.Match)
	for _, f := range routeFields() {
		p.Match.Headers = append(p.Match.Headers, v1alpha1.HeaderMatch{Name: f.Name, Value: f.Value})
	}
	p.Backend = v1alpha1.IngressBackend{}
	for i, weight := range weights() {
		p.Backends = append(p.Backends, v1alpha1.WeightedBackend{
			ServiceName: fmt.Sprintf("%s-%d", serviceName, i+1), Port: servicePort, Weight: new(int32(weight)),
		})
	}
}

func setPolicies(p *v1alpha1.IngressPath) {
	perSecond := limit(string(p.Path))
	p.RateLimit = &v1alpha1.RateLimit{RequestsPerSecond: *resource.NewQuantity(int64(perSecond), resource.DecimalSI)}
	p.AccessControl = &v1alpha1.AccessControl{
		AllowedIPs: ranges(allowedAddresses()),
		DeniedIPs:  ranges(deniedAddresses()),
	}
	p.Headers = headerChanges()
	p.Rewrite = &v1alpha1.Rewrite{StripPrefix: v1alpha1.CanonicalPath(p.Path)}
}

func headerChanges() *v1alpha1.Headers {
	return &v1alpha1.Headers{
		Add:    v1alpha1.HeaderFields{requestAddField: addedValue},
		Set:    v1alpha1.HeaderFields{requestSetField: setByProxy},
		Remove: v1alpha1.HeaderNames{requestRemoveField},
		Response: &v1alpha1.ResponseHeaders{
			Add:    v1alpha1.HeaderFields{responseAddField: addedValue},
			Set:    v1alpha1.HeaderFields{responseSetField: setByProxy},
			Remove: v1alpha1.HeaderNames{poweredByField},
		},
	}
}

func ranges(addresses []string) []v1alpha1.AddressRange {
	var listed []v1alpha1.AddressRange
	for _, address := range addresses {
		listed = append(listed, v1alpha1.AddressRange(address))
	}
	return listed
}
