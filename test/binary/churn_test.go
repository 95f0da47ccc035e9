// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

const (
	// churnRequests is the least number of requests during churnRounds rounds of ten changes. They are sent as evenly as
	// the changes allow.
	churnRequests = 10_000
	churnRounds   = 10
	// afterlife is how long a server lives on after its Task was removed, as a server does that is being shut down.
	afterlife = 2 * time.Second
)

// churn is a configuration that changes under traffic. It knows what the configuration was at each time.
type churn struct {
	*scene
	controller *controller
	traffic    *traffic
	ledger     ledger

	// services has the Tasks of each service, the oldest first. hosts has the Ingresses by their hosts. It has nil for a
	// host that nothing serves at present.
	services map[string][]*instance
	hosts    map[string]*v1alpha1.Ingress

	made    int
	changes int
	took    []time.Duration
}

// instance is a Task with its server.
type instance struct {
	*v1alpha1.Task
	backend *backend
}

// takesRequests says whether new requests may go to it.
func (i *instance) takesRequests() bool {
	return i.Spec.DesiredState != v1alpha1.DesiredStateDraining && (i.Spec.Weight == nil || *i.Spec.Weight > 0)
}

// expected returns the answers that each host may give while the present configuration is in effect.
func (c *churn) expected() map[string][]string {
	expected := map[string][]string{}
	for host, ingress := range c.hosts {
		if ingress == nil {
			expected[host] = []string{notFound}
			continue
		}
		for _, i := range c.services[serviceOf(ingress)] {
			if i.takesRequests() {
				expected[host] = append(expected[host], from(i.Name))
			}
		}
	}
	return expected
}

func serviceOf(ingress *v1alpha1.Ingress) string {
	return string(ingress.Spec.Rules[0].Paths[0].Backend.ServiceName)
}

// apply writes the present configuration, and waits until it is in effect. Each change writes one object, so the next
// generation has it.
func (c *churn) apply(write func()) {
	c.t.Helper()
	before, _, err := c.controller.routes()
	if err != nil {
		c.t.Fatal(err)
	}
	expected := c.expected()
	c.ledger.open(time.Now(), expected)
	write()
	took := eventually(c.t, patience, "a change to take effect", func() error {
		generation, _, err := c.controller.routes()
		if err == nil && generation == before {
			err = fmt.Errorf("the generation is still %d", generation)
		}
		return err
	})
	c.ledger.settle(time.Now(), expected)
	c.changes++
	c.took = append(c.took, took)
	if c.traffic != nil {
		c.traffic.sends(c.changes * churnRequests / (10 * churnRounds))
	}
}

func (c *churn) addTask(service string) {
	c.t.Helper()
	c.made++
	b := startBackend(c.t, fmt.Sprintf("%s-%d", service, c.made))
	i := &instance{task(service, b), b}
	c.services[service] = append(c.services[service], i)
	c.apply(func() { c.create(i.Task) })
}

// changeTask changes the Task with this number.
func (c *churn) changeTask(service string, number int, change func(*v1alpha1.TaskSpec)) {
	c.t.Helper()
	i := c.services[service][number]
	was := i.DeepCopy()
	change(&i.Spec)
	is := i.Spec
	c.apply(func() { c.change(was, func() { was.Spec = is }) })
}

// removeTask removes the Task with this number. Its server goes later.
func (c *churn) removeTask(service string, number int) {
	c.t.Helper()
	i := c.services[service][number]
	c.services[service] = slices.Delete(c.services[service], number, number+1)
	c.apply(func() { c.delete(i.Task) })
	i.backend.stopAfter(afterlife)
}

func (c *churn) addHost(host, name, service string) {
	c.t.Helper()
	i := ingress(name, host, service)
	c.hosts[host] = i
	c.apply(func() { c.create(i) })
}

func (c *churn) removeHost(host string) {
	c.t.Helper()
	i := c.hosts[host]
	c.hosts[host] = nil
	c.apply(func() { c.delete(i) })
}

func (c *churn) switchHost(host, service string) {
	c.t.Helper()
	i := c.hosts[host]
	was := i.DeepCopy()
	backend := func(i *v1alpha1.Ingress) *v1alpha1.ServiceName { return &i.Spec.Rules[0].Paths[0].Backend.ServiceName }
	*backend(i) = v1alpha1.ServiceName(service)
	c.apply(func() { c.change(was, func() { *backend(was) = v1alpha1.ServiceName(service) }) })
}

// verdict says whether the ledger allows what became of a request.
func (c *churn) verdict(r record) error {
	if c.ledger.allows(r) {
		return nil
	}
	return fmt.Errorf("answered with %s, which was right at no time between", r.answer)
}

func TestRequestsDuringAHundredChangesSeeNothingThatNoChangeExplains(t *testing.T) {
	s := newScene(t)
	c := &churn{scene: s, controller: s.start().ready(), services: map[string][]*instance{}, hosts: map[string]*v1alpha1.Ingress{}}
	switched, red, blue, coming, unrelated := s.host("switched"), s.host("red"), s.host("blue"), s.host("coming"), s.host("unrelated")

	c.addHost(red, "red", "red")
	c.addHost(blue, "blue", "blue")
	c.addHost(switched, "switched", "red")
	for _, service := range []string{"red", "red", "blue", "blue"} {
		c.addTask(service)
	}
	c.hosts[coming] = nil
	c.ledger.open(time.Now(), c.expected())

	c.changes, c.took = 0, nil
	c.traffic = startTraffic(t, c.controller.http, []string{switched, red, blue, coming}, densePace, c.verdict)
	services := []string{"blue", "red"}
	weights := []int32{5, 0, 1}
	for round := range churnRounds {
		c.switchHost(switched, services[round%2])
		c.addTask("red")
		// The first Task of red stays, with another weight each time.
		c.changeTask("red", 0, func(spec *v1alpha1.TaskSpec) { spec.Weight = &weights[round%len(weights)] })
		c.addHost(coming, "coming", services[round%2])
		c.addTask("blue")
		c.changeTask("blue", 0, func(spec *v1alpha1.TaskSpec) { spec.DesiredState = v1alpha1.DesiredStateDraining })
		c.removeTask("blue", 0)
		c.removeHost(coming)
		c.removeTask("red", 1)
		if round%2 == 0 {
			c.addHost(unrelated, "unrelated", "red")
		} else {
			c.removeHost(unrelated)
		}
	}
	c.traffic.sends(churnRequests)
	c.traffic.finish()

	slices.Sort(c.took)
	t.Logf("%d changes took effect after %s in the median and %s at most, once they were written", c.changes,
		c.took[len(c.took)/2].Round(time.Millisecond), c.took[len(c.took)-1].Round(time.Millisecond))
	if c.changes != 10*churnRounds {
		t.Errorf("there were %d changes, want %d", c.changes, 10*churnRounds)
	}
}
