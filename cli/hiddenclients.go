// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// hiddenClients notes each Service that leads to a controller and may hide the addresses of clients, if there are rules
// that go by them. A node has its own address take the place of a client's, unless the Service keeps it from that.
func (k *checker) hiddenClients(objects []client.Object) {
	count, where := k.goByClients()
	if count == 0 {
		return
	}
	if count > 1 {
		where += fmt.Sprintf(" and %d more", count-1)
	}
	for _, o := range objects {
		service, is := o.(*corev1.Service)
		if !is || !hidesClients(service) {
			continue
		}
		k.report.Notes = append(k.report.Notes, fmt.Sprintf("Service %s/%s: with externalTrafficPolicy Cluster a node may put its own address in place of the client's, "+
			"which accessControl or rateLimit goes by in %s: write externalTrafficPolicy: Local, or give --trusted-proxies if they say who the client is",
			service.Namespace, service.Name, where))
	}
}

// hidesClients returns whether a Service leads to a controller by whichever node a connection comes to.
func hidesClients(s *corev1.Service) bool {
	if s.Spec.Type != corev1.ServiceTypeLoadBalancer && s.Spec.Type != corev1.ServiceTypeNodePort {
		return false
	}
	// What is not said is Cluster.
	if s.Spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal {
		return false
	}
	selector, err := labels.Parse(controllerLabels)
	return err == nil && selector.Matches(labels.Set(s.Spec.Selector))
}

// goByClients returns how many of the rules that are served go by clients' addresses, and the name of the first.
func (k *checker) goByClients() (count int, first string) {
	for _, o := range k.in.Objects {
		for h := range o.Hosts {
			for i := range o.Hosts[h].Rules {
				if !goesByClient(k.routes[o.RuleID(h, i)]) {
					continue
				}
				if count++; count == 1 {
					first = k.nameOf(o, h, i)
				}
			}
		}
	}
	return count, first
}

// nameOf names the place of a rule as findings do.
func (*checker) nameOf(o *rules.Object, host, rule int) string {
	r := &o.Hosts[host].Rules[rule]
	c := checked{Object: o.Kind + " " + o.Namespace + "/" + o.Name, Where: r.Where, Host: o.Hosts[host].Name, Path: r.Match.Path}
	return c.name()
}

// goesByClient returns whether a route has a policy that looks at the client's address.
func goesByClient(route *snapshot.Route) bool {
	if route == nil || route.Closed != "" {
		return false
	}
	for _, p := range route.Policies {
		if name := p.Name(); name == "access-control" || name == "rate-limit" {
			return true
		}
	}
	return false
}
