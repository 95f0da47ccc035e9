// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

const taskIDPrefix = "task/"

func isTask(e snapshot.Endpoint) bool {
	return strings.HasPrefix(e.ID, taskIDPrefix)
}

// taskEndpoints returns the endpoints of the Tasks that serve a port. It returns a fault if there are Tasks and none of
// them can serve it.
func (s *service) taskEndpoints(port int32) ([]snapshot.Endpoint, sourceFault) {
	endpoints := make([]snapshot.Endpoint, 0, len(s.tasks))
	var others []int32
	for _, task := range s.tasks {
		address, fault := checkTask(task, s.networks)
		if fault.text != "" {
			continue // The Task's own condition says so.
		}
		target, ok := taskPort(task, port)
		if !ok {
			for _, p := range task.Spec.Ports {
				others = append(others, int32(p.Port))
			}
			continue
		}
		endpoints = append(endpoints, snapshot.Endpoint{
			ID:        taskIDPrefix + task.Namespace + "/" + task.Name,
			Address:   netip.AddrPortFrom(address, target),
			Weight:    taskWeight(task),
			Draining:  task.Spec.DesiredState == v1alpha1.DesiredStateDraining,
			Unhealthy: Reported(task) == v1alpha1.HealthUnhealthy,
			Checked:   task.Spec.HealthCheck != nil,
		})
	}
	switch {
	case len(endpoints) > 0 || len(s.tasks) == 0:
		return endpoints, sourceFault{}
	case len(others) > 0:
		return nil, sourceFault{port: true, text: "its Tasks list no port " + strconv.Itoa(int(port)) +
			" (they list " + listPorts(others) + ")"}
	}
	return nil, sourceFault{text: "its Tasks are invalid, as their Accepted conditions say"}
}

// taskFault is why a Task takes no requests. text is empty if it may take some.
type taskFault struct{ reason, text string }

// checkTask returns the address of a Task's instance, or what is wrong with the Task, its health check included.
func checkTask(task *v1alpha1.Task, networks *networks) (address netip.Addr, fault taskFault) {
	address, text := taskAddress(task)
	if text == "" && task.Spec.HealthCheck != nil {
		_, text = taskCheck(task)
	}
	if text != "" {
		return netip.Addr{}, taskFault{v1alpha1.ReasonInvalidTask, text}
	}
	if text = networks.fault(address); text != "" {
		return netip.Addr{}, taskFault{v1alpha1.ReasonAddressNotAllowed, text}
	}
	return address, taskFault{}
}

// taskAddress returns the address at which a Task's instance answers, or what is wrong with the Task.
func taskAddress(task *v1alpha1.Task) (address netip.Addr, fault string) {
	address, err := netip.ParseAddr(string(task.Spec.Address))
	address = address.Unmap() // ::ffff:0.0.0.0 is the unspecified address too
	if err != nil || address.Zone() != "" || address.IsUnspecified() || address.IsMulticast() {
		return netip.Addr{}, "address " + rules.Quote(string(task.Spec.Address)) +
			" cannot be connected to: write the instance's IPv4 or IPv6 address, such as 192.168.1.10"
	}
	for _, port := range task.Spec.Ports {
		if port.TargetPort < 0 || port.TargetPort > 65535 {
			return netip.Addr{}, "targetPort " + strconv.Itoa(int(port.TargetPort)) + " is no port: write 1 to 65535"
		}
	}
	return address, ""
}

// taskPort returns the port at which a Task's instance listens for a port of its service. A Task that lists no ports
// serves every port at the same number.
func taskPort(task *v1alpha1.Task, port int32) (target uint16, ok bool) {
	if len(task.Spec.Ports) == 0 {
		return uint16(port), true
	}
	for _, p := range task.Spec.Ports {
		if int32(p.Port) != port {
			continue
		}
		if p.TargetPort == 0 {
			return uint16(port), true
		}
		return uint16(p.TargetPort), true
	}
	return 0, false
}

func taskWeight(task *v1alpha1.Task) int {
	if task.Spec.Weight == nil {
		return int(v1alpha1.DefaultTaskWeight)
	}
	return int(max(0, *task.Spec.Weight))
}
