// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

const (
	// fewIngresses is what many are compared to: a change among them should cost about the same.
	fewIngresses = 100
	// quietFor is how long a controller does nothing before the next change is made, and quietBelow what it may use
	// meanwhile.
	quietFor   = 30 * time.Millisecond
	quietBelow = 300 * time.Microsecond
)

// backendServices are those that Ingresses send to, one of them before a change and the other after it.
var backendServices = [2]v1alpha1.ServiceName{"one", "another"}

// ingressChanges measures what one changed Ingress costs. Each build of the controller has a namespace with few
// Ingresses and one with many, and a process for each of the two. The processes take turns, a change each, so that what
// else happens on the machine meets all of them.
type ingressChanges struct {
	options
	client     client.Client
	backends   [2]backend
	folder     string
	kubeconfig []byte
}

// subject is a build that serves a number of Ingresses.
type subject struct {
	build      string
	ingresses  int
	namespace  string
	controller *controller
	asker      *changes
	// at is the service that each Ingress sends to.
	at []int
	// cpu is what each of half of the changes cost, and effects how long each of the others took to its effect.
	cpu, effects  []time.Duration
	before, after usage
}

func (c *ingressChanges) run(ctx context.Context) error {
	var subjects []*subject
	for i, b := range c.builds {
		for j, n := range []int{fewIngresses, c.ingresses} {
			s := &subject{build: b.name, ingresses: n, namespace: fmt.Sprintf("churn-%d-%d", i+1, j+1), at: make([]int, n)}
			fmt.Printf("making %d Ingresses for %s\n", n, b.name)
			if err := c.populate(ctx, s); err != nil {
				return err
			}
			if err := c.start(ctx, s, b.program); err != nil {
				return err
			}
			defer func() { _ = s.controller.stop() }()
			subjects = append(subjects, s)
		}
	}
	fmt.Println("awaiting their status, which takes minutes for 10,000")
	for _, s := range subjects {
		if err := c.awaitStatus(ctx, s); err != nil {
			return err
		}
	}
	for _, s := range subjects {
		var err error
		if s.before, err = s.settle(ctx); err != nil {
			return err
		}
	}
	fmt.Printf("changing one of them %d times\n", c.changes)
	for n := range c.changes {
		for i := range subjects {
			// In another order each time: none is always behind the same one.
			s := subjects[(i+n)%len(subjects)]
			if err := c.changeOnce(ctx, s, n); err != nil {
				return fmt.Errorf("%w; the log of %s:\n%s", err, s.build, s.controller.log.String())
			}
		}
	}
	for _, s := range subjects {
		var err error
		if s.after, err = s.settle(ctx); err != nil {
			return err
		}
	}
	printIngresses(subjects)
	return nil
}

func (c *ingressChanges) populate(ctx context.Context, s *subject) error {
	if err := c.client.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.namespace}}); err != nil {
		return fmt.Errorf("making the namespace: %w", err)
	}
	objects := make([]client.Object, 0, len(backendServices)+s.ingresses)
	for i, service := range backendServices {
		address := c.backends[i].address
		objects = append(objects, &v1alpha1.Task{
			ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: string(service)},
			Spec: v1alpha1.TaskSpec{
				ServiceName: service, Address: v1alpha1.Address(address.Addr().String()), Ports: portsTo(address),
			},
		})
	}
	for i := range s.ingresses {
		objects = append(objects, &v1alpha1.Ingress{
			ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: ingressName(i)},
			Spec:       v1alpha1.IngressSpec{Rules: c.rules(i, 0)},
		})
	}
	return inParallel(objects, func(object client.Object) error {
		if err := c.client.Create(ctx, object); err != nil {
			return fmt.Errorf("making %T %s: %w", object, object.GetName(), err)
		}
		return nil
	})
}

func ingressName(i int) string { return fmt.Sprintf("ingress-%d", i) }

func ingressHost(i int) string { return ingressName(i) + ".example.com" }

// rules has the host of an Ingress, whose first path goes to a service. The others stay where they are.
func (c *ingressChanges) rules(ingress, service int) []v1alpha1.IngressRule {
	paths := make([]v1alpha1.IngressPath, 0, c.paths)
	for i := range c.paths {
		p := v1alpha1.IngressPath{Path: "/", Backend: v1alpha1.IngressBackend{ServiceName: backendServices[service], Port: servicePort}}
		if i > 0 {
			p.Path, p.Backend.ServiceName = v1alpha1.Path(fmt.Sprintf("/section-%d", i)), backendServices[0]
		}
		paths = append(paths, p)
	}
	return []v1alpha1.IngressRule{{Host: v1alpha1.Host(ingressHost(ingress)), Paths: paths}}
}

func (c *ingressChanges) start(ctx context.Context, s *subject, program string) (err error) {
	if s.controller, err = newController(ctx, program, c.folder, s.namespace, c.kubeconfig); err != nil {
		return err
	}
	s.asker = &changes{address: s.controller.http}
	began := time.Now()
	if err := s.controller.start(ctx); err != nil {
		return err
	}
	fmt.Printf("%s served them %.1f s after its start\n", s.build, time.Since(began).Seconds())
	return nil
}

// awaitStatus returns once all statuses are written: their number in a second is limited, and nothing can be measured
// meanwhile.
func (c *ingressChanges) awaitStatus(ctx context.Context, s *subject) error {
	const perSecond, interval = 10, 2 * time.Second
	err := s.until(ctx, time.Duration(s.ingresses)*time.Second/perSecond+readyLimit, func() (bool, error) {
		var all v1alpha1.IngressList
		if err := c.client.List(ctx, &all, client.InNamespace(s.namespace)); err != nil {
			return false, fmt.Errorf("listing Ingresses: %w", err)
		}
		for i := range all.Items {
			if !programmed(&all.Items[i]) {
				return false, pause(ctx, interval)
			}
		}
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("not all statuses of %s are written: %w", s.namespace, err)
	}
	return nil
}

func programmed(of *v1alpha1.Ingress) bool {
	got := meta.FindStatusCondition(of.Status.Conditions, v1alpha1.ConditionProgrammed)
	return got != nil && got.ObservedGeneration == of.Generation && got.Status == metav1.ConditionTrue
}

// changeOnce sends one Ingress's requests to the other service. Every second change is watched by a client, whose own
// requests would count as the change's cost.
func (c *ingressChanges) changeOnce(ctx context.Context, s *subject, n int) error {
	const stride = 7919 // no size here is a multiple of it, so it meets all Ingresses before one for the second time
	i := n * stride % s.ingresses
	s.at[i] = 1 - s.at[i]
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{"rules": c.rules(i, s.at[i])}})
	if err != nil {
		return err
	}
	before, err := s.controller.cpu()
	if err != nil {
		return err
	}
	began := time.Now()
	changed := &v1alpha1.Ingress{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: ingressName(i)}}
	if err := c.client.Patch(ctx, changed, client.RawPatch(types.MergePatchType, patch)); err != nil {
		return fmt.Errorf("changing Ingress %s: %w", changed.Name, err)
	}
	watched := n%2 == 1
	if watched {
		if err := c.awaitEffect(ctx, s, i, began); err != nil {
			return err
		}
	}
	err = s.until(ctx, effectLimit, func() (bool, error) {
		if err := c.client.Get(ctx, client.ObjectKeyFromObject(changed), changed); err != nil {
			return false, fmt.Errorf("reading Ingress %s: %w", changed.Name, err)
		}
		return programmed(changed), pause(ctx, lookInterval)
	})
	if err != nil {
		return fmt.Errorf("a change of %s has no status: %w", changed.Name, err)
	}
	after, err := s.settle(ctx)
	if err == nil && !watched {
		s.cpu = append(s.cpu, after.cpu-before)
	}
	return err
}

// awaitEffect asks until the answer is that of the service that an Ingress now sends to.
func (c *ingressChanges) awaitEffect(ctx context.Context, s *subject, ingress int, began time.Time) error {
	err := s.until(ctx, effectLimit, func() (bool, error) {
		who, err := s.asker.ask(ctx, ingressHost(ingress))
		if err != nil || who == c.backends[s.at[ingress]].name {
			return err == nil, err
		}
		return false, pause(ctx, lookInterval)
	})
	if err != nil {
		return fmt.Errorf("a change of %s has no effect: %w", ingressName(ingress), err)
	}
	s.effects = append(s.effects, time.Since(began))
	return nil
}

// settle returns what the controller has used once it does nothing.
func (s *subject) settle(ctx context.Context) (u usage, err error) {
	var last time.Duration
	err = s.until(ctx, readyLimit, func() (bool, error) {
		if last, err = s.controller.cpu(); err != nil {
			return false, err
		}
		if err := pause(ctx, quietFor); err != nil {
			return false, err
		}
		u, err = s.controller.usage()
		return u.cpu-last < quietBelow, err
	})
	return u, err
}

var errTooLate = errors.New("it took too long")

// until calls done again and again until it is, or limit is over.
func (s *subject) until(ctx context.Context, limit time.Duration, done func() (bool, error)) error {
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); {
		ok, err := done()
		if ok || err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return errTooLate
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
