// SPDX-License-Identifier: Apache-2.0

package binary

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// servicePort is the port that Ingresses name. Tasks say which port of the machine that is.
const servicePort = 80

// ingress is an Ingress of one host. A service answers at every path.
func ingress(name, host, service string) *v1alpha1.Ingress {
	return &v1alpha1.Ingress{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.IngressSpec{Rules: []v1alpha1.IngressRule{{
			Host: v1alpha1.Host(host),
			Paths: []v1alpha1.IngressPath{{
				Path:    "/",
				Backend: v1alpha1.IngressBackend{ServiceName: v1alpha1.ServiceName(service), Port: servicePort},
			}},
		}}},
	}
}

// task is the backend as an instance of a service. Its name is the backend's.
func task(service string, b *backend) *v1alpha1.Task {
	return &v1alpha1.Task{
		ObjectMeta: metav1.ObjectMeta{Name: b.name},
		Spec: v1alpha1.TaskSpec{
			ServiceName: v1alpha1.ServiceName(service),
			Address:     "127.0.0.1",
			Ports:       []v1alpha1.TaskPort{{Port: servicePort, TargetPort: v1alpha1.Port(b.port)}},
		},
	}
}

// certificate is a TLSCertificate in a Secret of the user's.
func certificate(name, host string) *v1alpha1.TLSCertificate {
	return &v1alpha1.TLSCertificate{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.TLSCertificateSpec{
			Hosts: []v1alpha1.CertificateHost{v1alpha1.CertificateHost(host)}, SecretName: v1alpha1.SecretName(name), AutoRenew: new(false),
		},
	}
}
