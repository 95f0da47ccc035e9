// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/translate"
)

// InputOf makes of objects that are in no cluster what a snapshot controller makes of its cache. Without any
// IngressClass among them, the one of the controller's class counts as being there. It returns the objects that a
// snapshot is not made of too.
func InputOf(objects []client.Object, options translate.Options) (in translate.Input, others []client.Object) {
	in.Now, in.Options = time.Now().Truncate(time.Second), options
	in.AllowedHosts = make(map[string]*string)
	var classes []networkingv1.IngressClass
	var standard []*networkingv1.Ingress
	var secrets []*corev1.Secret
	texts := make(map[translate.AuthorityName][]byte)
	for _, object := range objects {
		if namespace := object.GetNamespace(); namespace != "" && in.AllowedHosts[namespace] == nil {
			in.AllowedHosts[namespace] = nil // unless its Namespace is among the objects too
		}
		name := types.NamespacedName{Namespace: object.GetNamespace(), Name: object.GetName()}
		switch o := object.(type) {
		case *v1alpha1.Ingress:
			if kinds.Claims(o, options.IngressClass) {
				in.Objects = append(in.Objects, kinds.ReadWarren(o))
			}
		case *v1alpha1.Task:
			in.Tasks = append(in.Tasks, o)
		case *v1alpha1.TLSCertificate:
			in.TLSCertificates = append(in.TLSCertificates, o)
		case *corev1.Service:
			in.Services = append(in.Services, o)
		case *discoveryv1.EndpointSlice:
			in.EndpointSlices = append(in.EndpointSlices, o)
		case *networkingv1.Ingress:
			standard = append(standard, o)
		case *corev1.Namespace:
			in.AllowedHosts[o.Name] = allowedHosts(o)
		case *networkingv1.IngressClass:
			classes = append(classes, *o)
		case *corev1.Secret:
			withStringData(o)
			secrets = append(secrets, o)
			texts[translate.AuthorityName{NamespacedName: name}] = o.Data[authorityField]
		case *corev1.ConfigMap:
			texts[translate.AuthorityName{NamespacedName: name, ConfigMap: true}] = []byte(o.Data[authorityField])
		default:
			others = append(others, object)
		}
	}
	class := kinds.NewStandardClass(options.IngressClass, classes)
	class.Exists = class.Exists || len(classes) == 0
	for _, o := range standard {
		if class.Claims(o) {
			in.Objects = append(in.Objects, kinds.ReadStandard(o))
		}
	}
	named := translate.NamedSecrets(&in)
	named[options.DefaultCertificate] = struct{}{}
	for _, o := range secrets {
		if _, ok := named[client.ObjectKeyFromObject(o)]; ok {
			in.Secrets = append(in.Secrets, parseSecret(o))
		}
	}
	for name := range translate.NamedAuthorities(&in) {
		if text, ok := texts[name]; ok {
			authority, _ := parseAuthority(name, text)
			in.Authorities = append(in.Authorities, authority)
		}
	}
	return in, others
}

// withStringData moves what a manifest has as text to where the API server puts it.
func withStringData(secret *corev1.Secret) {
	for key, text := range secret.StringData {
		if secret.Data == nil {
			secret.Data = make(map[string][]byte, len(secret.StringData))
		}
		secret.Data[key] = []byte(text)
	}
	secret.StringData = nil
}
