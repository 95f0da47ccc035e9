// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

func TestTheClusterRefusesWrongObjectsAndSaysWhatToWrite(t *testing.T) {
	s := newScene(t)
	for _, test := range []struct {
		name string
		edit func(*v1alpha1.Ingress)
		says string
	}{
		{"an unknown pathType", func(i *v1alpha1.Ingress) { i.Spec.Rules[0].Paths[0].PathType = "Regex" },
			`supported values: "Prefix", "Exact"`},
		{"a path without a slash", func(i *v1alpha1.Ingress) { i.Spec.Rules[0].Paths[0].Path = "v1" },
			"path must begin with a slash: write /v1"},
		{"a port of 0", func(i *v1alpha1.Ingress) { i.Spec.Rules[0].Paths[0].Backend.Port = 0 },
			"a port must be a number from 1 to 65535"},
		{"a host with a scheme", func(i *v1alpha1.Ingress) { i.Spec.Rules[0].Host = "https://api.example.com/" },
			"host is a name alone, without scheme, port or path: write api.example.com"},
	} {
		t.Run(test.name, func(t *testing.T) {
			wrong := ingress("wrong", map[string]string{s.host() + "/": "web"})
			wrong.Namespace = s.namespace
			test.edit(wrong)
			err := s.Create(t.Context(), wrong)
			if !apierrors.IsInvalid(err) {
				t.Fatalf("the API answers %v, want that the object is invalid", err)
			}
			if !strings.Contains(err.Error(), test.says) {
				t.Errorf("the API says %q, which does not hold %q", err, test.says)
			}
		})
	}
}
