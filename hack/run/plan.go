// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// demoLabel marks the Tasks that point to demo tasks, so that a later run can remove those that it no longer has.
const demoLabel = group + "/demo"

// tasksForOneService is how many demo tasks a service has if no sample Task belongs to it. There are two, so that
// balancing shows.
const tasksForOneService = 2

// demo is one demo task to start.
type demo struct {
	service service
	task    string
	port    int
	// host is the address that it listens at.
	host string
}

func (d demo) address() string { return net.JoinHostPort(d.host, strconv.Itoa(d.port)) }

// plan is what a run applies and starts.
type plan struct {
	objects []*unstructured.Unstructured
	demos   []demo
	routes  []route
	// offered are the routes of what the user may apply.
	offered []route
}

// makePlan points every sample Task at a demo task of this machine, because the addresses in samples are nobody's. It
// gives Tasks to each service that the samples route to without one. It does the same for offered, which the user may
// apply. firstPort is the port of the first demo task. The others count up from it. Each sample Service has demo tasks
// at the address machine; without an address it has none.
func makePlan(samples, offered []*unstructured.Unstructured, firstPort int, machine string) plan {
	p := plan{routes: routesOf(samples), offered: routesOf(offered)}
	servicePorts := map[service][]int64{}
	var services []service
	for _, r := range slices.Concat(p.routes, p.offered) {
		if !slices.Contains(services, r.service) {
			services = append(services, r.service)
		}
		if !slices.Contains(servicePorts[r.service], r.port) {
			servicePorts[r.service] = append(servicePorts[r.service], r.port)
		}
	}

	served := map[service]bool{}
	start := func(of service, task, host string) demo {
		d := demo{service: of, task: task, port: firstPort + len(p.demos), host: host}
		p.demos = append(p.demos, d)
		served[of] = true
		return d
	}
	add := func(task *unstructured.Unstructured, of service) {
		d := start(of, task.GetName(), loopbackHost)
		p.objects = append(p.objects, pointedAt(task, d.port, servicePorts[of]))
	}
	for _, sample := range samples {
		if isKind(sample, "Task") {
			name, _, _ := unstructured.NestedString(sample.Object, "spec", "serviceName")
			add(sample, service{namespace: sample.GetNamespace(), name: name})
			continue
		}
		p.objects = append(p.objects, sample)
		if sample.GetKind() == "Service" && machine != "" {
			of := service{namespace: sample.GetNamespace(), name: sample.GetName()}
			for i := range tasksForOneService {
				p.objects = append(p.objects, newSlice(sample, start(of, demoName(of, i+1), machine)))
			}
		}
	}
	for _, of := range services {
		if served[of] {
			continue
		}
		for i := range tasksForOneService {
			add(newTask(of, i+1), of)
		}
	}
	return p
}

func newTask(of service, number int) *unstructured.Unstructured {
	task := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": group + "/v1alpha1",
		"kind":       "Task",
		"spec":       map[string]any{"serviceName": of.name},
	}}
	task.SetNamespace(of.namespace)
	task.SetName(demoName(of, number))
	return task
}

func demoName(of service, number int) string { return fmt.Sprintf("%s-demo-%d", of.name, number) }

// pointedAt returns the task with its address on this machine. Each of its ports, and each port that Ingresses name, is
// the demo task's.
func pointedAt(task *unstructured.Unstructured, port int, servicePorts []int64) *unstructured.Unstructured {
	task = task.DeepCopy()
	wanted := slices.Clone(servicePorts)
	listed, _, _ := unstructured.NestedSlice(task.Object, "spec", "ports")
	for _, entry := range listed {
		entry, _ := entry.(map[string]any)
		if number, ok := number(entry, "port"); ok {
			wanted = append(wanted, number)
		}
	}
	if number, ok := number(task.Object, "spec", "healthCheck", "port"); ok {
		wanted = append(wanted, number)
	}
	slices.Sort(wanted)

	var ports []any
	for _, number := range slices.Compact(wanted) {
		ports = append(ports, map[string]any{"port": number, "targetPort": int64(port)})
	}
	spec, _ := task.Object["spec"].(map[string]any)
	spec["address"] = loopbackHost
	spec["ports"] = ports
	labels := task.GetLabels()
	if labels == nil {
		labels = map[string]string{}
	}
	labels[demoLabel] = "true"
	task.SetLabels(labels)
	return task
}
