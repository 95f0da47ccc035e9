// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net"
	"net/netip"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// machineAddress returns an address of this machine that the Kubernetes API takes for an endpoint, which it does not do
// with loopback's. It returns an empty text if there is none.
func machineAddress() string {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return ""
	}
	for _, a := range addresses {
		prefix, err := netip.ParsePrefix(a.String())
		if err == nil && prefix.Addr().Is4() && prefix.Addr().IsGlobalUnicast() {
			return prefix.Addr().String()
		}
	}
	return ""
}

// newSlice returns an EndpointSlice with one demo task, for all ports of a Service. On a cluster a controller makes it,
// of Pods.
func newSlice(of *unstructured.Unstructured, d demo) *unstructured.Unstructured {
	var ports []any
	listed, _, _ := unstructured.NestedSlice(of.Object, "spec", "ports")
	for _, entry := range listed {
		entry, _ := entry.(map[string]any)
		name, _, _ := unstructured.NestedString(entry, "name")
		ports = append(ports, map[string]any{"name": name, "port": int64(d.port), "protocol": "TCP"})
	}
	slice := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion":  "discovery.k8s.io/v1",
		"kind":        "EndpointSlice",
		"addressType": "IPv4",
		"endpoints":   []any{map[string]any{"addresses": []any{d.host}, "conditions": map[string]any{"ready": true}}},
		"ports":       ports,
	}}
	slice.SetNamespace(of.GetNamespace())
	slice.SetName(d.task)
	slice.SetLabels(map[string]string{"kubernetes.io/service-name": of.GetName(), demoLabel: "true"})
	return slice
}
