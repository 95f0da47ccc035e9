// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// TaskID returns the id that the endpoints of a Task, and its check, have in a snapshot.
func TaskID(namespace, name string) string { return taskIDPrefix + namespace + "/" + name }

// CutTaskID returns the namespace and name of the Task with an id. It returns false for the id of another object.
func CutTaskID(id string) (namespace, name string, ok bool) {
	rest, ok := strings.CutPrefix(id, taskIDPrefix)
	if !ok {
		return "", "", false
	}
	return strings.Cut(rest, "/")
}

// checks returns the checks of the Tasks that are endpoints of these pools, sorted by id. The hosts have the routes
// that lead to the pools.
func checks(tasks []*v1alpha1.Task, pools []snapshot.Pool, hosts []snapshot.Host) []snapshot.Check {
	wanted := make(map[string]bool)
	for i := range pools {
		for j := range pools[i].Endpoints {
			if e := &pools[i].Endpoints[j]; e.Checked {
				wanted[e.ID] = true
			}
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	h2c, names, obsolete := h2cAddresses(pools), serverNames(pools, hosts), obsoleteAddresses(pools)
	list := make([]snapshot.Check, 0, len(wanted))
	for _, task := range tasks {
		if task.Spec.HealthCheck == nil || !wanted[TaskID(task.Namespace, task.Name)] {
			continue
		}
		if c, fault := taskCheck(task); fault == "" {
			at := target{c.Namespace, c.Address}
			c.H2C = c.Path != "" && !c.TLS && h2c[at]
			if c.TLS {
				c.ServerName, c.Obsolete = serverName(task, names[at]), obsolete[at]
			}
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b snapshot.Check) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// target is what a namespace's rules lead to. Another namespace may have rules for the same address, and must not
// decide how this one's Tasks are probed: they would be Unhealthy under a name that they do not serve.
type target struct {
	namespace string
	address   netip.AddrPort
}

func targetOf(p *snapshot.Pool, endpoint int) target {
	return target{p.Namespace(), p.Endpoints[endpoint].Address}
}

// h2cAddresses returns the addresses to which requests go in HTTP/2 without TLS, and none in HTTP/1.1. Probes go there
// in the same way.
func h2cAddresses(pools []snapshot.Pool) map[target]bool {
	addresses := make(map[target]bool)
	for _, h2c := range []bool{true, false} {
		for i := range pools {
			p := &pools[i]
			if p.H2C != h2c || p.TLS != (snapshot.UpstreamTLS{}) || !h2c && len(addresses) == 0 {
				continue
			}
			for j := range p.Endpoints {
				if h2c {
					addresses[targetOf(p, j)] = true
				} else {
					delete(addresses, targetOf(p, j))
				}
			}
		}
	}
	return addresses
}

// obsoleteAddresses returns the addresses to which requests may go over obsolete TLS.
func obsoleteAddresses(pools []snapshot.Pool) map[target]bool {
	addresses := make(map[target]bool)
	for i := range pools {
		if !pools[i].TLS.Obsolete {
			continue
		}
		for j := range pools[i].Endpoints {
			addresses[targetOf(&pools[i], j)] = true
		}
	}
	return addresses
}

// serverNames returns the names that requests over TLS send to addresses. Of several it has the first.
func serverNames(pools []snapshot.Pool, hosts []snapshot.Host) map[target]string {
	requested := requestedNames(pools, hosts)
	names := make(map[target]string)
	for i := range pools {
		p := &pools[i]
		if p.TLS.ServerName == "" {
			continue
		}
		name := cmp.Or(requested[p.ID], p.TLS.ServerName)
		for j := range p.Endpoints {
			at := targetOf(p, j)
			if known, ok := names[at]; !ok || name < known {
				names[at] = name
			}
		}
	}
	return names
}

// requestedNames returns the first exact host of each pool whose server name is that of the request, by the pool's id.
// Nobody knows the names that requests for a wildcard send.
func requestedNames(pools []snapshot.Pool, hosts []snapshot.Host) map[string]string {
	names := make(map[string]string)
	for i := range pools {
		if pools[i].TLS.ServerNameFromRequest {
			names[pools[i].ID] = ""
		}
	}
	if len(names) == 0 {
		return nil
	}
	for i := range hosts {
		h := &hosts[i]
		if h.Name == "" || strings.HasPrefix(h.Name, "*") {
			continue
		}
		for j := range h.Routes {
			for pool := range h.Routes[j].Pools() {
				known, follows := names[pool]
				if follows && (known == "" || h.Name < known) {
					names[pool] = h.Name
				}
			}
		}
	}
	return names
}

// serverName returns the name that probes of a Task send: the one that requests send there, or the one that they would
// send by default. An IP address is not sent (RFC 6066, section 3).
func serverName(task *v1alpha1.Task, ofRequests string) string {
	if ofRequests == "" {
		return defaultServerName(string(task.Spec.ServiceName), task.Namespace)
	}
	if _, err := netip.ParseAddr(ofRequests); err == nil {
		return ""
	}
	return ofRequests
}

// taskCheck returns the check of a Task that has one, or what is wrong with it.
func taskCheck(task *v1alpha1.Task) (check snapshot.Check, fault string) {
	h := task.Spec.HealthCheck
	port := int32(h.Port)
	if port == 0 {
		if len(task.Spec.Ports) == 0 {
			return snapshot.Check{}, "healthCheck needs port, since the Task lists no ports to take it from"
		}
		port = int32(task.Spec.Ports[0].Port)
	}
	target, ok := taskPort(task, port)
	if !ok || target == 0 {
		return snapshot.Check{}, "healthCheck port " + strconv.Itoa(int(port)) + " is not one of ports: list it there too"
	}
	address, _ := netip.ParseAddr(string(task.Spec.Address)) // taskAddress has checked it.
	check = snapshot.Check{
		ID:                 TaskID(task.Namespace, task.Name),
		Namespace:          task.Namespace,
		Address:            netip.AddrPortFrom(address.Unmap(), target),
		Interval:           max(durationOr(h.Interval, v1alpha1.DefaultCheckInterval), v1alpha1.LeastCheckInterval),
		Timeout:            min(durationOr(h.Timeout, v1alpha1.DefaultCheckTimeout), v1alpha1.LongestCheckTimeout),
		HealthyThreshold:   int(cmp.Or(max(0, h.HealthyThreshold), v1alpha1.DefaultHealthyThreshold)),
		UnhealthyThreshold: int(cmp.Or(max(0, h.UnhealthyThreshold), v1alpha1.DefaultUnhealthyThreshold)),
		Before:             healthBefore(task),
	}
	if check.Timeout > check.Interval || check.Timeout <= 0 {
		return snapshot.Check{}, "healthCheck timeout must be above zero and not longer than interval"
	}
	check.TLS = h.Type == v1alpha1.HealthCheckHTTPS || h.Type == v1alpha1.HealthCheckGRPCS
	switch h.Type {
	case v1alpha1.HealthCheckTCP:
		return check, ""
	case v1alpha1.HealthCheckGRPC, v1alpha1.HealthCheckGRPCS:
		check.GRPC, check.Service = true, h.Service
		return check, ""
	}
	check.Path = cmp.Or(string(h.Path), v1alpha1.DefaultHealthCheckPath)
	expected := h.ExpectedStatuses
	if len(expected) == 0 {
		expected = []v1alpha1.StatusRange{v1alpha1.DefaultExpectedStatuses}
	}
	for i := range expected {
		r, ok := statusRange(string(expected[i]))
		if !ok {
			return snapshot.Check{}, "expectedStatuses has " + rules.Quote(string(expected[i])) + ": write statuses such as 204, or ranges such as 200-299"
		}
		check.Expected = append(check.Expected, r)
	}
	return check, ""
}

// checkBounds says which bounds a Task's health check is held to although it is written otherwise. It returns nothing
// if there is none.
func checkBounds(h *v1alpha1.HealthCheck) string {
	if h == nil {
		return ""
	}
	var texts []string
	if d := durationOr(h.Interval, v1alpha1.DefaultCheckInterval); d < v1alpha1.LeastCheckInterval {
		texts = append(texts, "interval "+d.String()+" is taken for "+v1alpha1.LeastCheckInterval.String()+": write that or more")
	}
	if d := durationOr(h.Timeout, v1alpha1.DefaultCheckTimeout); d > v1alpha1.LongestCheckTimeout {
		texts = append(texts, "timeout "+d.String()+" is taken for 60s: write that or less")
	}
	return strings.Join(texts, "; ")
}

// statusRange parses a status such as "204" or a range such as "200-299".
func statusRange(text string) (r snapshot.StatusRange, ok bool) {
	first, last, isRange := strings.Cut(text, "-")
	if !isRange {
		last = first
	}
	var err1, err2 error
	r.First, err1 = strconv.Atoi(first)
	r.Last, err2 = strconv.Atoi(last)
	return r, err1 == nil && err2 == nil && 200 <= r.First && r.First <= r.Last && r.Last <= 599
}

func durationOr(d *metav1.Duration, otherwise time.Duration) time.Duration {
	if d == nil {
		return otherwise
	}
	return d.Duration
}

// healthBefore returns what earlier probes, of this or another replica, found out about the present generation of a
// Task.
func healthBefore(task *v1alpha1.Task) snapshot.Health {
	c := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionHealthy)
	switch {
	case c == nil || c.ObservedGeneration != task.Generation:
		return snapshot.HealthUnknown
	case c.Reason == v1alpha1.ReasonProbeSucceeded:
		return snapshot.Healthy
	case c.Reason == v1alpha1.ReasonProbeFailed:
		return snapshot.Unhealthy
	}
	return snapshot.HealthUnknown
}

// FailsProbes returns whether probes found the present generation of a Task unhealthy.
func FailsProbes(task *v1alpha1.Task) bool {
	return task.Spec.HealthCheck != nil && healthBefore(task) == snapshot.Unhealthy
}

// Reported returns what another controller wrote into status.health of a Task. It returns nothing if the Task has a
// health check, or had one until now: then the probes wrote that field.
func Reported(task *v1alpha1.Task) v1alpha1.Health {
	if task.Spec.HealthCheck != nil || Probed(task) {
		return ""
	}
	return task.Status.Health
}

// Probed returns whether the status of a Task comes from probes.
func Probed(task *v1alpha1.Task) bool {
	c := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionHealthy)
	if c == nil {
		return false
	}
	switch c.Reason {
	case v1alpha1.ReasonProbeSucceeded, v1alpha1.ReasonProbeFailed, v1alpha1.ReasonNotProbed:
		return true
	}
	return false
}
