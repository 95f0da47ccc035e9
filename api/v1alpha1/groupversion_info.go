// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 holds the custom resources of warren-ingress: Ingress, TLSCertificate and Task, with the
// condition types and reasons that the controller reports on them.
//
// What the schema can refuse is refused by the API server, by the OpenAPI and CEL markers beside each field. The
// package does not compile, resolve or serve anything, and depends on apimachinery alone, so that other programs can
// import it.
//
// +kubebuilder:object:generate=true
// +groupName=ingress.warren.dev
package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupName is the API group of every kind in this package.
const GroupName = "ingress.warren.dev"

// The kinds, as they stand in a manifest's kind field.
const (
	IngressKind        = "Ingress"
	TLSCertificateKind = "TLSCertificate"
	TaskKind           = "Task"
	RoutePolicyKind    = "RoutePolicy"
)

// GroupVersion is the group and version of every kind in this package.
var GroupVersion = schema.GroupVersion{Group: GroupName, Version: "v1alpha1"}

var schemeBuilder = runtime.NewSchemeBuilder(addKnownTypes)

// AddToScheme registers the kinds of this package, and the meta types that go with the group, in a scheme.
func AddToScheme(scheme *runtime.Scheme) error {
	return schemeBuilder.AddToScheme(scheme)
}

func addKnownTypes(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion,
		&Ingress{}, &IngressList{},
		&TLSCertificate{}, &TLSCertificateList{},
		&Task{}, &TaskList{},
		&RoutePolicy{}, &RoutePolicyList{},
	)
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}
