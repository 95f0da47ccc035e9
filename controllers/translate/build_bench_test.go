// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"fmt"
	"slices"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/translate"
)

// BenchmarkBuild builds 10,000 Ingresses of one host and 10 paths each, a hundred thousand routes, on 1,000 services of
// 3 Tasks. An Ingress is to be served 250 ms after it was applied among so many, and this is one part of that time.
func BenchmarkBuild(b *testing.B) {
	in, ingresses := manyIngresses()
	in.Objects = asRules(ingresses)
	benchmarkBuild(b, in)
}

// BenchmarkBuildWithCertificates is BenchmarkBuild with a certificate for each Ingress.
func BenchmarkBuildWithCertificates(b *testing.B) {
	in, ingresses := manyIngresses()
	in.Now = today
	for i, ing := range ingresses {
		ingresses[i] = withTLS(ing, ing.Name)
		in.Secrets = append(in.Secrets, newSecret(ing.Namespace, ing.Name, string(ing.Spec.Rules[0].Host)))
	}
	in.Objects = asRules(ingresses)
	benchmarkBuild(b, in)
}

// BenchmarkChange builds what BenchmarkBuild builds when one Ingress has changed, with a Builder that knows the others,
// and among 100 Ingresses in place of 10,000.
func BenchmarkChange(b *testing.B) {
	for _, count := range []int{100, 10_000} {
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			in, ingresses := manyIngresses()
			in.Objects = asRules(ingresses[:count])
			benchmarkChange(b, in, ingresses)
		})
	}
}

// BenchmarkChangeWithCertificates is BenchmarkChange with a certificate for each Ingress.
func BenchmarkChangeWithCertificates(b *testing.B) {
	in, ingresses := manyIngresses()
	in.Now = today
	for i, ing := range ingresses {
		ingresses[i] = withTLS(ing, ing.Name)
		in.Secrets = append(in.Secrets, newSecret(ing.Namespace, ing.Name, string(ing.Spec.Rules[0].Host)))
	}
	in.Objects = asRules(ingresses)
	benchmarkChange(b, in, ingresses)
}

func benchmarkChange(b *testing.B, in translate.Input, ingresses []*v1alpha1.Ingress) {
	var builder translate.Builder
	builder.Build(in)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		at := n % len(in.Objects)
		changed := ingresses[at].DeepCopy()
		changed.Spec.Rules[0].Paths[0].Path = v1alpha1.Path(fmt.Sprint("/changed/", n))
		in.Objects = slices.Clone(in.Objects)
		in.Objects[at] = asRules([]*v1alpha1.Ingress{changed})[0]
		if s, _ := builder.Build(in); len(s.Hosts) != len(in.Objects) || len(s.Certificates) != len(in.Secrets) {
			b.Fatalf("%d hosts, %d certificates", len(s.Hosts), len(s.Certificates))
		}
	}
}

func manyIngresses() (in translate.Input, ingresses []*v1alpha1.Ingress) {
	in.Options.IngressClass = "warren"
	for i := range 10_000 {
		rule := newRule(fmt.Sprintf("host-%d.example.com", i))
		for p := range 10 {
			path := prefix(fmt.Sprintf("/api/v%d", p), fmt.Sprint("service-", i%1000))
			path.AccessControl = &v1alpha1.AccessControl{AllowedIPs: []v1alpha1.AddressRange{"10.0.0.0/8"}}
			rule.Paths = append(rule.Paths, path)
		}
		ingresses = append(ingresses, newIngress("default", fmt.Sprint("ingress-", i), i%600, rule))
	}
	for i := range 3000 {
		in.Tasks = append(in.Tasks, newTask("default", fmt.Sprint("task-", i), fmt.Sprint("service-", i%1000),
			fmt.Sprintf("10.0.%d.%d", i/256, i%256)))
	}
	return in, ingresses
}

// BenchmarkReadAndBuild is BenchmarkBuild when nothing was read before, as in a controller that starts.
func BenchmarkReadAndBuild(b *testing.B) {
	in, ingresses := manyIngresses()
	b.ReportAllocs()
	for b.Loop() {
		in.Objects = asRules(ingresses)
		if snapshot, _ := translate.Build(in); len(snapshot.Hosts) != 10_000 {
			b.Fatalf("%d hosts", len(snapshot.Hosts))
		}
	}
}

func benchmarkBuild(b *testing.B, in translate.Input) {
	b.ReportAllocs()
	for b.Loop() {
		snapshot, _ := translate.Build(in)
		if len(snapshot.Hosts) != 10_000 || len(snapshot.Pools) != 1000 {
			b.Fatalf("%d hosts, %d pools", len(snapshot.Hosts), len(snapshot.Pools))
		}
		if len(snapshot.Certificates) != len(in.Secrets) {
			b.Fatalf("%d certificates", len(snapshot.Certificates))
		}
	}
}

// BenchmarkBuildOfStandardIngresses is BenchmarkBuild with Ingresses of networking.k8s.io, whose annotations were read
// before.
func BenchmarkBuildOfStandardIngresses(b *testing.B) {
	in, ingresses := manyIngresses()
	for _, ing := range ingresses {
		object := newStandard(ing.Namespace, ing.Name, 0)
		object.CreationTimestamp = ing.CreationTimestamp
		object.Annotations = map[string]string{"ingress.warren.dev/access-control": "{allowedIPs: [10.0.0.0/8]}"}
		rule := standardRule(string(ing.Spec.Rules[0].Host))
		for _, p := range ing.Spec.Rules[0].Paths {
			rule.HTTP.Paths = append(rule.HTTP.Paths, standardPath(networkingv1.PathTypePrefix, string(p.Path), string(p.Backend.ServiceName)))
		}
		object.Spec.Rules = []networkingv1.IngressRule{rule}
		in.Objects = append(in.Objects, kinds.ReadStandard(object))
	}
	benchmarkBuild(b, in)
}

// BenchmarkBuildWithOrderedCertificates is BenchmarkBuild with a certificate that is being ordered for each Ingress.
func BenchmarkBuildWithOrderedCertificates(b *testing.B) {
	in, ingresses := manyIngresses()
	in.Now = today
	for i, ing := range ingresses {
		ingresses[i] = withTLS(ing, ing.Name)
		ingresses[i].Spec.TLS.AutoSSL = true
		in.TLSCertificates = append(in.TLSCertificates, &v1alpha1.TLSCertificate{
			ObjectMeta: objectMeta(ing.Namespace, ing.Name, 0),
			Spec: v1alpha1.TLSCertificateSpec{SecretName: v1alpha1.SecretName(ing.Name),
				Hosts: []v1alpha1.CertificateHost{v1alpha1.CertificateHost(ing.Spec.Rules[0].Host)}},
		})
	}
	in.Objects = asRules(ingresses)
	benchmarkBuild(b, in)
}
