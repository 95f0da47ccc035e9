// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

const (
	sceneLabel = "warren-e2e"
	// backendPort is the Service's. The pods' port differs, so that the test notices if one is taken for the other.
	backendPort    = 80
	backendPodPort = 8080
)

// scene is a namespace that one test has to itself.
type scene struct {
	*cluster
	t         *testing.T
	namespace string
}

// newScene makes a namespace. It is deleted with everything in it when the test ends.
func newScene(t *testing.T) *scene {
	t.Helper()
	installed(t)
	return makeScene(t)
}

// makeScene is newScene for a test that installs warren-ingress itself.
func makeScene(t *testing.T) *scene {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "warren-e2e-", Labels: map[string]string{sceneLabel: "scene"}}}
	if err := warren.kube.Create(t.Context(), namespace); err != nil {
		t.Fatalf("making the test's namespace: %v", err)
	}
	// TestMain waits for it to be gone. The next test does not have to.
	t.Cleanup(func() {
		if err := warren.kube.Delete(context.Background(), namespace); client.IgnoreNotFound(err) != nil {
			t.Errorf("deleting the test's namespace: %v", err)
		}
	})
	return &scene{cluster: warren.kube, t: t, namespace: namespace.Name}
}

// removeScenes deletes the namespaces of all tests and returns when they are gone.
func (k *cluster) removeScenes(ctx context.Context) error {
	return await(ctx, "the tests' namespaces to go", func(ctx context.Context) error {
		var namespaces corev1.NamespaceList
		if err := k.List(ctx, &namespaces, client.HasLabels{sceneLabel}); err != nil {
			return err
		}
		var left []error
		for _, namespace := range namespaces.Items {
			left = append(left, fmt.Errorf("%s is still there", namespace.Name))
			if namespace.DeletionTimestamp == nil {
				left = append(left, client.IgnoreNotFound(k.Delete(ctx, &namespace)))
			}
		}
		return errors.Join(left...)
	})
}

// host is a name that no other test has.
func (s *scene) host() string { return s.namespace + ".example.com" }

// create makes objects in the scene's namespace.
func (s *scene) create(objects ...client.Object) {
	s.t.Helper()
	for _, object := range objects {
		object.SetNamespace(s.namespace)
		if err := s.Create(s.t.Context(), object); err != nil {
			s.t.Fatalf("creating %T %s: %v", object, object.GetName(), err)
		}
	}
}

// backend runs pods of the backend behind a Service of the same name. It returns when all are ready and the Service
// lists them. The pods go on taking requests for lingering seconds after their end was decided.
func (s *scene) backend(name string, replicas int32, lingering int64) *appsv1.Deployment {
	s.t.Helper()
	deployment := backendPods(name, replicas, lingering)
	s.create(deployment, service(name))
	s.settled(deployment)
	s.listed(name, int(replicas))
	return deployment
}

func backendPods(name string, replicas int32, lingering int64) *appsv1.Deployment {
	labels := map[string]string{"app": name}
	deployment := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					TerminationGracePeriodSeconds: new(lingering + 15),
					AutomountServiceAccountToken:  new(false),
					Containers: []corev1.Container{{
						Name:            "backend",
						Image:           setting("E2E_BACKEND_IMAGE", "docker.io/warren-e2e-backend:dev"),
						ImagePullPolicy: corev1.PullIfNotPresent,
						Args:            []string{fmt.Sprintf("--address=:%d", backendPodPort)},
						Ports:           []corev1.ContainerPort{{ContainerPort: backendPodPort}},
						ReadinessProbe: &corev1.Probe{PeriodSeconds: 1, ProbeHandler: corev1.ProbeHandler{
							HTTPGet: &corev1.HTTPGetAction{Path: "/ready", Port: intstr.FromInt32(backendPodPort)}}},
					}},
				},
			},
		},
	}
	if lingering > 0 {
		deployment.Spec.Template.Spec.Containers[0].Lifecycle = &corev1.Lifecycle{
			PreStop: &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: lingering}}}
	}
	return deployment
}

// service selects the pods of the backend of that name. There need not be any.
func service(name string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{"app": name},
			Ports:    []corev1.ServicePort{{Name: "http", Port: backendPort, TargetPort: intstr.FromInt32(backendPodPort)}},
		},
	}
}

// settled returns when a Deployment has the pods that it wants, all of them ready.
func (s *scene) settled(deployment *appsv1.Deployment) {
	s.t.Helper()
	eventually(s.t, "the pods of "+deployment.Name, func(ctx context.Context) error {
		if err := s.Get(ctx, client.ObjectKeyFromObject(deployment), deployment); err != nil {
			return err
		}
		return rolledOut(deployment)
	})
}

// listed returns when the EndpointSlices of a Service have as many ready endpoints as wanted. Kubernetes makes them
// apart from a Deployment's status. If their controller finds its cache stale, it tries again a second later.
func (s *scene) listed(service string, want int) {
	s.t.Helper()
	eventually(s.t, "the EndpointSlices of "+service, func(ctx context.Context) error {
		var slices discoveryv1.EndpointSliceList
		of := client.MatchingLabels{discoveryv1.LabelServiceName: service}
		if err := s.List(ctx, &slices, client.InNamespace(s.namespace), of); err != nil {
			return err
		}
		ready := 0
		for _, slice := range slices.Items {
			for _, endpoint := range slice.Endpoints {
				if endpoint.Conditions.Ready == nil || *endpoint.Conditions.Ready {
					ready += len(endpoint.Addresses)
				}
			}
		}
		if ready != want {
			return fmt.Errorf("they have %d ready endpoints, want %d", ready, want)
		}
		return nil
	})
}

// alone returns when a Deployment has no pod but those that it wants. By then, what the end of a pod causes has
// happened.
func (s *scene) alone(deployment *appsv1.Deployment) {
	s.t.Helper()
	eventually(s.t, "the former pods of "+deployment.Name+" to go", func(ctx context.Context) error {
		var list corev1.PodList
		if err := s.List(ctx, &list, client.InNamespace(s.namespace), client.MatchingLabels(deployment.Spec.Selector.MatchLabels)); err != nil {
			return err
		}
		if len(list.Items) != int(*deployment.Spec.Replicas) {
			return fmt.Errorf("there are %d pods, want %d", len(list.Items), *deployment.Spec.Replicas)
		}
		return nil
	})
}

// pods returns the names of a Deployment's pods that take requests or soon will. It leaves out those whose end is
// decided.
func (s *scene) pods(ctx context.Context, deployment *appsv1.Deployment) ([]string, error) {
	var list corev1.PodList
	if err := s.List(ctx, &list, client.InNamespace(s.namespace), client.MatchingLabels(deployment.Spec.Selector.MatchLabels)); err != nil {
		return nil, err
	}
	var names []string
	for _, pod := range list.Items {
		if pod.DeletionTimestamp == nil {
			names = append(names, pod.Name)
		}
	}
	return slices.Sorted(slices.Values(names)), nil
}

// ingress routes hosts to services. Each key is a host and a path as one writes them in an address. Each value is the
// name of a Service. A path that ends in $ is matched exactly, without the sign.
func ingress(name string, routes map[string]string) *v1alpha1.Ingress {
	made := &v1alpha1.Ingress{ObjectMeta: metav1.ObjectMeta{Name: name}}
	for _, route := range slices.Sorted(maps.Keys(routes)) {
		host, path, _ := strings.Cut(route, "/")
		to := v1alpha1.IngressPath{
			Path: v1alpha1.Path("/" + path), PathType: v1alpha1.PathTypePrefix,
			Backend: v1alpha1.IngressBackend{ServiceName: v1alpha1.ServiceName(routes[route]), Port: backendPort},
		}
		if exact, ok := strings.CutSuffix(path, "$"); ok {
			to.Path, to.PathType = v1alpha1.Path("/"+exact), v1alpha1.PathTypeExact
		}
		made.Spec.Rules = append(made.Spec.Rules, v1alpha1.IngressRule{Host: v1alpha1.Host(host), Paths: []v1alpha1.IngressPath{to}})
	}
	return made
}
