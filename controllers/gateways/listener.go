// SPDX-License-Identifier: Apache-2.0

package gateways

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/status"
)

// listener returns the status of a listener. before are those that its object had.
func (c *Config) listener(v *gatewayapi.ListenerVerdict, before []gatewayv1.ListenerStatus) gatewayv1.ListenerStatus {
	is := v.ListenerStatus
	conditions := v.Programmed(c.faults)
	is.Conditions = nil
	for i := range before {
		if before[i].Name == is.Name {
			is.Conditions = slices.Clone(before[i].Conditions)
		}
	}
	status.SetConditions(&is.Conditions, conditions)
	return is
}

// faults says which ports ready replicas could not open, and why.
func (c *Config) faults(served []netip.AddrPort) string {
	var own map[netip.AddrPort]string
	if c.Listening != nil {
		own = c.Listening.ListenFaults()
	}
	var texts []string
	for _, at := range served {
		if fault := own[at]; fault != "" {
			texts = append(texts, fmt.Sprintf("port %d (%s)", at.Port(), fault))
		}
		for _, closed := range c.Replicas.Closed(at) {
			texts = append(texts, fmt.Sprintf("port %d on replica %s (%s)", at.Port(), rules.Clip(closed.Replica), rules.Clip(closed.Why)))
		}
	}
	return strings.Join(rules.Bounded(texts), ", ")
}

// unpublished says which ports of listeners at all addresses of the machine the Service lacks that clients reach the
// controller by. It is empty if it lacks none, and if no such Service is known.
func (c *Config) unpublished(ctx context.Context, listeners []gatewayapi.ListenerVerdict) (string, error) {
	if c.Services != nil {
		return "", nil // Gateways have Services of their own.
	}
	var ports []uint16
	for i := range listeners {
		for _, at := range listeners[i].Served {
			if at.Addr().IsUnspecified() && !slices.Contains(ports, at.Port()) {
				ports = append(ports, at.Port())
			}
		}
	}
	service, lacking, err := c.Addresses.Lacking(ctx, ports)
	if err != nil || len(lacking) == 0 {
		return "", err
	}
	texts := make([]string, len(lacking))
	for i, port := range lacking {
		texts[i] = strconv.Itoa(int(port))
	}
	return "; Service " + rules.Clip(service) + " has no port " + strings.Join(rules.Bounded(texts), ", ") +
		" that leads to the same one here, so clients may not reach it: add it to the Service", nil
}

// open returns whether any listener is served.
func open(listeners []gatewayv1.ListenerStatus) bool {
	return slices.ContainsFunc(listeners, func(l gatewayv1.ListenerStatus) bool {
		return meta.IsStatusConditionTrue(l.Conditions, string(gatewayv1.ListenerConditionProgrammed))
	})
}

// told returns whether a condition that said that something is so said it of the same generation.
func told(conditions []metav1.Condition, kind string, generation int64) bool {
	before := meta.FindStatusCondition(conditions, kind)
	return before != nil && before.Status == metav1.ConditionTrue && before.ObservedGeneration == generation
}
