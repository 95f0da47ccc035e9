package controllers

import (
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// ingress is an Ingress of one rule with a path for each service, which is named after it.
func ingress(namespace, name, host string, services ...string) *v1alpha1.Ingress {
	rule := v1alpha1.IngressRule{Host: v1alpha1.Host(host)}
	for _, service := range services {
		rule.Paths = append(rule.Paths, v1alpha1.IngressPath{Path: v1alpha1.Path("/" + service),
			Backend: v1alpha1.IngressBackend{ServiceName: v1alpha1.ServiceName(service), Port: 80}})
	}
	return &v1alpha1.Ingress{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.IngressSpec{Rules: []v1alpha1.IngressRule{rule}}}
}

// task is a Task of a service.
func task(namespace, name, service, address string) *v1alpha1.Task {
	return &v1alpha1.Task{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.TaskSpec{ServiceName: v1alpha1.ServiceName(service), Address: v1alpha1.Address(address)}}
}

// kubernetesService is a Service with one slice of one endpoint.
func kubernetesService(namespace, name, address string) (*corev1.Service, *discoveryv1.EndpointSlice) {
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Name: "http", Port: 80}}}}
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Namespace: namespace, Name: name + "-1", Labels: map[string]string{discoveryv1.LabelServiceName: name}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Name: new("http"), Port: new(int32(8080))}},
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{address}, Conditions: discoveryv1.EndpointConditions{Ready: new(true)}}},
	}
	return service, slice
}

// standardIngress is a standard Ingress of one rule with a path named after its service.
func standardIngress(namespace, name, host, service string) *networkingv1.Ingress {
	return &networkingv1.Ingress{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Annotations: map[string]string{"kubernetes.io/ingress.class": "warren"}},
		Spec: networkingv1.IngressSpec{Rules: []networkingv1.IngressRule{{Host: host, IngressRuleValue: networkingv1.IngressRuleValue{
			HTTP: &networkingv1.HTTPIngressRuleValue{Paths: []networkingv1.HTTPIngressPath{{
				Path: "/" + service, PathType: new(networkingv1.PathTypePrefix),
				Backend: networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{
					Name: service, Port: networkingv1.ServiceBackendPort{Number: 80}}},
			}}}}}}},
	}
}

// configMap is a ConfigMap with the certificates of authorities.
func configMap(namespace, name, text string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Data: map[string]string{"ca.crt": text, "other": "text"}}
}

// opaqueSecret is a Secret with the certificates of authorities.
func opaqueSecret(namespace, name, text string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Data: map[string][]byte{"ca.crt": []byte(text), "other": []byte("text")}}
}

// secretOfTexts is a version of a Secret that holds these texts for its certificate and key.
func secretOfTexts(version, chain, key string) *corev1.Secret {
	secret := keyPair{[]byte(chain), []byte(key)}.secret("blue", "s")
	secret.UID, secret.ResourceVersion = "u", version
	return secret
}
