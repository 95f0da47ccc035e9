// SPDX-License-Identifier: Apache-2.0

package kinds_test

import (
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/controllers/kinds"
)

func newClass(name, controller, isDefault string) networkingv1.IngressClass {
	class := networkingv1.IngressClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: networkingv1.IngressClassSpec{Controller: controller}}
	if isDefault != "" {
		class.Annotations = map[string]string{networkingv1.AnnotationIsDefaultIngressClass: isDefault}
	}
	return class
}

func TestWhichStandardIngressesAreOurs(t *testing.T) {
	const ours, theirs = kinds.StandardController, "example.com/theirs"
	none := []networkingv1.IngressClass{}
	plain := []networkingv1.IngressClass{newClass("warren", ours, ""), newClass("nginx", theirs, "true")}
	standard := []networkingv1.IngressClass{newClass("warren", ours, "true"), newClass("nginx", theirs, "")}
	for name, test := range map[string]struct {
		classes          []networkingv1.IngressClass
		class, annotated string
		want             bool
	}{
		"of our class":                               {plain, "warren", "", true},
		"of another class":                           {plain, "nginx", "", false},
		"of a class that is not there":               {none, "warren", "", false},
		"of a class of this name, but of another":    {[]networkingv1.IngressClass{newClass("warren", theirs, "true")}, "warren", "", false},
		"of another class of ours":                   {append([]networkingv1.IngressClass{newClass("inner", ours, "true")}, plain...), "inner", "", false},
		"of no class":                                {plain, "", "", false},
		"of no class, where ours is the default":     {standard, "", "", true},
		"with the annotation":                        {none, "", "warren", true},
		"with the annotation of another":             {standard, "", "nginx", false},
		"of another class, with our annotation":      {plain, "nginx", "warren", false},
		"of our class, with another's annotation":    {plain, "warren", "nginx", true},
		"marked as the default with another value":   {[]networkingv1.IngressClass{newClass("warren", ours, "yes")}, "", "", false},
		"of no class, where another's is a default ": {[]networkingv1.IngressClass{newClass("inner", ours, "true")}, "", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			object := newStandard("blue", "a", 0, "x.io")
			object.Spec.IngressClassName = nil
			if test.class != "" {
				object.Spec.IngressClassName = &test.class
			}
			if test.annotated != "" {
				object.Annotations = map[string]string{"kubernetes.io/ingress.class": test.annotated}
			}
			if got := kinds.NewStandardClass("warren", test.classes).Claims(object); got != test.want {
				t.Errorf("it is ours: %t, want %t", got, test.want)
			}
		})
	}
}

func TestWhichStandardIngressesWereWrittenForIngressNginx(t *testing.T) {
	const ours, nginx, theirs = kinds.StandardController, kinds.NginxController, "example.com/theirs"
	classes := []networkingv1.IngressClass{newClass("warren", ours, ""), newClass("nginx", nginx, ""), newClass("inner", nginx, "")}
	byDefault := []networkingv1.IngressClass{newClass("warren", ours, ""), newClass("nginx", nginx, "true")}
	for name, test := range map[string]struct {
		off              bool
		classes          []networkingv1.IngressClass
		class, annotated string
		claims, forNginx bool
	}{
		"of the class":                              {false, classes, "nginx", "", true, true},
		"of the class, where it is not served":      {true, classes, "nginx", "", false, false},
		"of another class of ingress-nginx":         {false, classes, "inner", "", true, true},
		"of the class, which is not there":          {false, nil, "nginx", "", true, true},
		"of the class, which is another's":          {false, []networkingv1.IngressClass{newClass("nginx", theirs, "")}, "nginx", "", false, false},
		"with the annotation":                       {false, nil, "", "nginx", true, true},
		"with the annotation of another":            {false, classes, "", "inner", false, false},
		"of our own class":                          {false, classes, "warren", "", true, false},
		"of a third one":                            {false, classes, "third", "", false, false},
		"of no class":                               {false, classes, "", "", false, false},
		"of no class, where theirs is the default":  {false, byDefault, "", "", true, true},
		"of no class, where it would be, if it was": {true, byDefault, "", "", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			object := newStandard("blue", "a", 0, "x.io")
			object.Spec.IngressClassName = nil
			if test.class != "" {
				object.Spec.IngressClassName = &test.class
			}
			if test.annotated != "" {
				object.Annotations = map[string]string{"kubernetes.io/ingress.class": test.annotated}
			}
			class := kinds.NewStandardClass("warren", test.classes)
			if !test.off {
				class.Nginx = kinds.NewNginxClass("nginx", test.classes)
			}
			if claims, forNginx := class.Claims(object), class.ForNginx(object); claims != test.claims || forNginx != test.forNginx {
				t.Errorf("it is ours: %t, and for ingress-nginx: %t; want %t, %t", claims, forNginx, test.claims, test.forNginx)
			}
		})
	}
}
