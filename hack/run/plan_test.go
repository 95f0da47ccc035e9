// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const sampleIngress = `
apiVersion: ingress.warren.dev/v1alpha1
kind: Ingress
metadata: {name: shop}
spec:
  rules:
  - host: shop.example.com
    paths:
    - {path: /, backend: {serviceName: web, port: 80}}
    - {path: /api, backend: {serviceName: api, port: 8080}}
  - host: "*.example.com"
    paths:
    - {path: /v2, backend: {serviceName: api, port: 8081}}
  - paths:
    - {path: /any, backend: {serviceName: web, port: 80}}
`

const sampleTask = `
apiVersion: ingress.warren.dev/v1alpha1
kind: Task
metadata: {name: api-1, namespace: default}
spec:
  serviceName: api
  address: 192.168.1.10
  weight: 3
  ports: [{port: 8080, targetPort: 32001}]
  healthCheck: {port: 9000, path: /health}
`

func TestPlanPointsEveryTaskAtADemoTaskAndGivesTheRestTwo(t *testing.T) {
	samples := readFolder(t, map[string]string{"ingress.yaml": sampleIngress, "task.yaml": sampleTask})

	got := makePlan(samples, nil, 18101, "")

	web, api := service{"default", "web"}, service{"default", "api"}
	wantDemos := []demo{{api, "api-1", 18101, "127.0.0.1"}, {web, "web-demo-1", 18102, "127.0.0.1"}, {web, "web-demo-2", 18103, "127.0.0.1"}}
	if diff := cmp.Diff(wantDemos, got.demos, cmp.AllowUnexported(demo{}, service{})); diff != "" {
		t.Errorf("demo tasks (-want +got):\n%s", diff)
	}
	wantTask := `
apiVersion: ingress.warren.dev/v1alpha1
kind: Task
metadata: {name: api-1, namespace: default, labels: {ingress.warren.dev/demo: "true"}}
spec:
  serviceName: api
  address: 127.0.0.1
  weight: 3
  ports: [{port: 8080, targetPort: 18101}, {port: 8081, targetPort: 18101}, {port: 9000, targetPort: 18101}]
  healthCheck: {port: 9000, path: /health}
`
	if diff := cmp.Diff(fromYAML(t, wantTask), plain(t, got.objects[1].Object)); diff != "" {
		t.Errorf("the sample Task (-want +got):\n%s", diff)
	}
	wantMade := `
apiVersion: ingress.warren.dev/v1alpha1
kind: Task
metadata: {name: web-demo-2, namespace: default, labels: {ingress.warren.dev/demo: "true"}}
spec: {serviceName: web, address: 127.0.0.1, ports: [{port: 80, targetPort: 18103}]}
`
	if diff := cmp.Diff(fromYAML(t, wantMade), plain(t, got.objects[3].Object)); diff != "" {
		t.Errorf("the Task that was made (-want +got):\n%s", diff)
	}
}

func TestSamplesAreLeftAsTheyWere(t *testing.T) {
	samples := readFolder(t, map[string]string{"task.yaml": sampleTask})
	makePlan(samples, nil, 18101, "")
	if diff := cmp.Diff(fromYAML(t, sampleTask), plain(t, samples[0].Object)); diff != "" {
		t.Errorf("the sample after planning (-want +got):\n%s", diff)
	}
}

func TestRoutesGiveAHostThatTheyServe(t *testing.T) {
	other := `
apiVersion: ingress.warren.dev/v1alpha1
kind: Ingress
metadata: {name: not-ours}
spec: {ingressClassName: other, rules: [{host: other.example.com, paths: [{path: /, backend: {serviceName: web, port: 80}}]}]}
`
	type line struct{ Host, Path string }
	var got []line
	for _, r := range routesOf(readFolder(t, map[string]string{"a.yaml": sampleIngress, "b.yaml": other})) {
		got = append(got, line{r.exampleHost(), r.path})
	}
	want := []line{{"shop.example.com", "/"}, {"shop.example.com", "/api"}, {"demo.example.com", "/v2"}, {"any.example", "/any"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
}

func TestSamplesComeInTheOrderOfTheirKustomization(t *testing.T) {
	a := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\n# nothing\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n"
	c := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"
	tests := map[string]struct {
		files map[string]string
		want  []string
	}{
		"sorted without one": {
			files: map[string]string{"2.yaml": a, "1.yaml": c},
			want:  []string{"c", "a", "b"},
		},
		"its own with one": {
			files: map[string]string{"2.yaml": a, "1.yaml": c, "kustomization.yaml": "resources: [2.yaml, 1.yaml]"},
			want:  []string{"a", "b", "c"},
		},
		"only what it lists": {
			files: map[string]string{"2.yaml": a, "1.yaml": c, "kustomization.yaml": "resources: [1.yaml]"},
			want:  []string{"c"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, object := range readFolder(t, test.files) {
				got = append(got, object.GetName())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("objects (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUnusableSamplesAreRefused(t *testing.T) {
	tests := map[string]map[string]string{
		"none":            {},
		"not YAML":        {"a.yaml": "{"},
		"no name":         {"a.yaml": "apiVersion: v1\nkind: ConfigMap\n"},
		"a missing file":  {"kustomization.yaml": "resources: [absent.yaml]"},
		"a strange index": {"kustomization.yaml": "resources: 7"},
	}
	for name, files := range tests {
		t.Run(name, func(t *testing.T) {
			if objects, err := readSamples(folderOf(t, files)); err == nil {
				t.Errorf("read %d objects, want an error", len(objects))
			}
		})
	}
}

func TestServicesOfASampleThatIsOfferedHaveDemoTasksAndItIsNotApplied(t *testing.T) {
	samples := readFolder(t, map[string]string{"task.yaml": sampleTask})
	offered := readFolder(t, map[string]string{"ingress.yaml": sampleIngress})

	got := makePlan(samples, offered, 18101, "")

	var demos, objects []string
	for _, d := range got.demos {
		demos = append(demos, d.task)
	}
	for _, o := range got.objects {
		objects = append(objects, o.GetKind()+" "+o.GetName())
	}
	if diff := cmp.Diff([]string{"api-1", "web-demo-1", "web-demo-2"}, demos); diff != "" {
		t.Errorf("demo tasks (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Task api-1", "Task web-demo-1", "Task web-demo-2"}, objects); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	if len(got.routes) != 0 || len(got.offered) == 0 {
		t.Errorf("%d routes are expected to be served, and %d are offered, want none and some", len(got.routes), len(got.offered))
	}
}

const sampleService = `
apiVersion: v1
kind: Service
metadata: {name: shop, namespace: default}
spec: {ports: [{name: http, port: 80}, {name: admin, port: 81}]}
`

func TestPlanGivesAServiceTwoEndpointsWhereTheAPITakesThem(t *testing.T) {
	samples := readFolder(t, map[string]string{"service.yaml": sampleService, "ingress.yaml": `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop, namespace: default}
spec:
  ingressClassName: warren
  rules: [{host: a.io, http: {paths: [{path: /shop, backend: {service: {name: shop, port: {name: http}}}}]}}]
`})
	shop := service{"default", "shop"}

	got := makePlan(samples, nil, 18101, "192.0.2.7")

	wantDemos := []demo{{shop, "shop-demo-1", 18101, "192.0.2.7"}, {shop, "shop-demo-2", 18102, "192.0.2.7"}}
	if diff := cmp.Diff(wantDemos, got.demos, cmp.AllowUnexported(demo{}, service{})); diff != "" {
		t.Errorf("demo tasks (-want +got):\n%s", diff)
	}
	wantSlice := `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: shop-demo-2, namespace: default, labels: {ingress.warren.dev/demo: "true", kubernetes.io/service-name: shop}}
addressType: IPv4
endpoints: [{addresses: [192.0.2.7], conditions: {ready: true}}]
ports: [{name: http, port: 18102, protocol: TCP}, {name: admin, port: 18102, protocol: TCP}]
`
	if diff := cmp.Diff(fromYAML(t, wantSlice), plain(t, got.objects[3].Object)); diff != "" || len(got.objects) != 4 {
		t.Errorf("the second EndpointSlice of %d objects (-want +got):\n%s", len(got.objects), diff)
	}
	wantRoutes := []route{{host: "a.io", path: "/shop", service: shop}}
	if diff := cmp.Diff(wantRoutes, got.routes, cmp.AllowUnexported(route{}, service{})); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
}
